import type { Command, CommanderError } from 'commander';
import { EXIT } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/**
 * The first word is a verb or an option of `watch`. Commander would take any other word for an argument of `watch` and
 * complain of its number; here the user hears what was wrong with it. Returns the sentence, or undefined when it is well.
 */
export const unknownVerb = (program: Command, words: readonly string[]): string | undefined => {
  const [first] = words[0] === 'help' ? words.slice(1) : words;
  const verbs = program.commands.map((verb) => verb.name());
  if (first === undefined || first.startsWith('-') || first === 'help' || verbs.includes(first)) return undefined;
  return `There is no verb "${escapeText(first.slice(0, 80))}". There are: ${verbs.join(', ')}.`;
};

/** Commander's complaint in one line, with where to read on. */
export const usageSentence = (program: Command, words: readonly string[], error: CommanderError): string => {
  const verbs = program.commands.map((one) => one.name());
  const verb = verbs.find((name) => name === words[0]);
  // `--json ps`: to commander those are options of `watch`, and a word too many.
  const late = verb === undefined ? verbs.find((name) => words.includes(name)) : undefined;
  const said = escapeText(error.message.replace(/^error: /, '').replace(/\n/g, ' ')).slice(0, 500);
  const place = late === undefined ? '' : `Options of ${late} go after it. `;
  const about = late ?? verb;
  const help = `${place}See vdsowatch ${about === undefined ? '' : `${about} `}--help`;
  return `${said}${/[.)]$/.test(said) ? '' : '.'} ${help}.`;
};

/** What all verbs have in common, below the list of them. */
export const closingHelp = `
Without a verb: watch. For one of them: vdsowatch VERB --help.

Exit status:
  ${EXIT.well}    all well
  ${EXIT.notWell}    it ran, and found something that is not well (check, analyze, diff, hint,
       doctor, ps --strict)
  ${EXIT.usage}    a wrong command line
  ${EXIT.cannotRun}    it cannot run, or could not read all it was given; standard error says
       why, and what mends it
  128+N  ended by signal N

Environment:
  VDSOWATCH_BPFTRACE  the bpftrace to run; else the first on PATH
  VDSOWATCH_VETO      restore or loss: as hook --veto
  NO_COLOR            no colours on the screen
`;
