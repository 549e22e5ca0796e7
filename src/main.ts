import { Command, CommanderError } from 'commander';
import { EXIT } from './model/failure.js';
import { ownVersion } from './own-version.js';
import { say } from './report/complain.js';
import { standardOutput } from './report/output.js';
import { evidenceVerbs } from './verbs/evidence.js';
import { hostVerbs } from './verbs/host.js';
import { liveVerbs } from './verbs/live.js';
import { processVerbs } from './verbs/processes.js';
import { endWithTheTerminal, goOnUnheard, missingProc, stopWithoutReader } from './verbs/surroundings.js';
import { isCriusChild, traceVerbs } from './verbs/trace.js';
import { closingHelp, unknownVerb, usageSentence } from './verbs/usage.js';

/**
 * argv -> command -> exit status. The verbs import their commands when they are chosen, so that `--help` loads
 * neither rxjs nor blessed. This is the only file of src/ that reaches ui/, and only for a screen.
 */
const program = new Command('vdsowatch')
  .description('Shows where the real vDSO of every process is, who moved it, and what a CRIU dump will make of it.')
  .version(ownVersion(), '-V, --version')
  .enablePositionalOptions()
  .addHelpText('after', closingHelp)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({
    outputError: () => {},
    // Help and the version, before any verb is chosen.
    writeOut: (text) => {
      stopWithoutReader();
      standardOutput().write(text);
    },
  });

liveVerbs(program, async (states, controls) => (await import('../ui/app.js')).runScreen(states, controls));
traceVerbs(program, async (states, controls) => (await import('../ui/app.js')).runScreen(states, controls));
processVerbs(program);
evidenceVerbs(program);
hostVerbs(program);

endWithTheTerminal();
goOnUnheard();
const FOLLOWING = new Set(['watch', 'record', 'replay']);
program.hook('preAction', (_, verb) => {
  if (!FOLLOWING.has(verb.name())) stopWithoutReader();
  const missing = missingProc(verb.name());
  if (missing === undefined) return;
  say(missing);
  process.exit(EXIT.cannotRun);
});

// CRIU runs an action script without arguments.
const words = isCriusChild() ? [...process.argv.slice(2), 'hook'] : process.argv.slice(2);
const unknown = unknownVerb(program, words);
if (unknown !== undefined) sayUsage(unknown);
else {
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for: well. Anything else is a usage error.
    if (error.exitCode !== 0) sayUsage(usageSentence(program, words, error));
  }
}

function sayUsage(sentence: string): void {
  say(sentence);
  process.exitCode = EXIT.usage;
}
