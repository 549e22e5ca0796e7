#!/usr/bin/env node
// The one way in: `npm start`, `npm test` and the installed `vdsowatch` all come here. Plain JavaScript with node:
// imports only, because it has to run before anything is installed or built. It installs the locked dependencies and
// builds when they are stale, then hands over to the program. It is no pre* script: npm skips those under
// ignore-scripts=true, which is common on hardened hosts.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
const ROOTS_OWN =
  /^(?:npm_config_(?:cache|userconfig|init_module|logs_dir|tmp|prefix|global_prefix|local_prefix)|XDG_.*)$/i;

const FILE_MS = 900_000;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(
    `vdsowatch needs Node 20.19 or newer, this is ${process.versions.node}: install it (Debian 13: apt install nodejs)`,
  );
}

// An installed package holds dist/ and no tsconfig.json: nothing to build there.
const isCheckout = existsSync(inRoot('tsconfig.json'));
const main = inRoot('dist', 'src', 'main.js');
if (isCheckout) {
  // `npm ci` empties the folder behind a link, and that is somebody else's (git worktrees share one so).
  const isShared = lstatSync(inRoot('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (!isShared && isOlder(inRoot('node_modules', '.package-lock.json'), [inRoot('package-lock.json')])) {
    runAsOwner(
      'npm',
      ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
      'installing the locked dependencies',
    );
  }
  // Its time says when the last build that succeeded began; .tsbuildinfo does not, since a mere type check writes that.
  if (isOlder(main, [inRoot('tsconfig.json'), inRoot('package-lock.json'), ...sources()])) {
    // A failed build must not be taken for a fresh one, neither by us nor by tsc.
    const forget = () => {
      for (const file of [main, inRoot('dist', '.tsbuildinfo')]) rmSync(file, { force: true });
    };
    const began = new Date();
    runAsOwner(process.execPath, [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', root], 'building', forget);
    // tsc leaves a file alone whose content is the same.
    utimesSync(main, began, began);
    removeOrphans();
  }
}

if (!existsSync(main)) {
  stop('this package was packed without its build: run "npm run build" in the checkout before "npm pack"');
} else if (isCheckout && process.argv[2] === '--self-test') {
  const files = compiled('test', '.test.js').filter((file) =>
    process.argv.slice(3).every((word) => file.includes(word)),
  );
  // Without a file, node would look for tests by itself.
  if (files.length === 0) stop(`no test file is named like ${process.argv.slice(3).join(' ')}: see dist/test`, 2);
  exitLike(spawnSync(process.execPath, testArguments(files), { stdio: 'inherit', cwd: root }));
} else if (isCheckout && process.argv[2] === '--bench') {
  process.argv.splice(2, 1);
  await import(pathToFileURL(inRoot('dist', 'test', 'bench', 'main.js')).href);
} else {
  await import(pathToFileURL(main).href);
}

/** The list is spelled out: `node --test FOLDER` works on Node 20 and fails on 24. One at a time: live tests watch
 * the whole machine and would see each other. The time is one file's: no hang may hold up the rest. */
function testArguments(files) {
  const reporter = pathToFileURL(inRoot('dist', 'test', 'reporter.js')).href;
  return ['--test', '--test-concurrency=1', `--test-timeout=${FILE_MS}`, `--test-reporter=${reporter}`, ...files];
}

function compiled(folder, ending) {
  return readdirSync(inRoot('dist', folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => relative(process.cwd(), inRoot('dist', folder, name)))
    .sort();
}

/** TypeScript, and the folders it is in: their time tells that a file has gone. */
function sources() {
  return ['src', 'ui', 'test'].flatMap((folder) => {
    const files = readdirSync(inRoot(folder), { recursive: true }).filter((name) => name.endsWith('.ts'));
    return [...new Set(['.', ...files.map(dirname)]), ...files].map((name) => inRoot(folder, name));
  });
}

/** tsc leaves the output of deleted sources behind; a deleted test must not go on running. */
function removeOrphans() {
  for (const file of compiled('.', '.js')) {
    if (!existsSync(inRoot(relative(inRoot('dist'), file).replace(/\.js$/, '.ts')))) rmSync(file);
  }
}

function isOlder(product, sources) {
  if (!existsSync(product)) return true;
  const made = statSync(product).mtimeMs;
  return sources.some((source) => statSync(source).mtimeMs > made);
}

/**
 * Under sudo in somebody's checkout, install and build as that user: root-owned node_modules would lock him out.
 * All output goes to stderr; stdout belongs to the program.
 */
function runAsOwner(command, args, doing, onFailure = () => {}) {
  refuseUnlessWritable(doing);
  process.stderr.write(`vdsowatch: ${doing}...\n`);
  const owner = statSync(root);
  const asOther = process.getuid?.() === 0 && owner.uid !== 0;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    ...(asOther ? { uid: owner.uid, gid: owner.gid, env: ownersEnvironment(owner.uid) } : {}),
  });
  if (result.status !== 0) {
    onFailure();
    stop(
      `${doing} failed (${result.error?.message ?? `exit ${result.status}`}): see above; then try again with "npm ci"`,
    );
  }
}

/** In somebody else's checkout, or on a read-only file system, the compiler would fail in the middle of it. */
function refuseUnlessWritable(doing) {
  const folder = [inRoot('dist'), root].find((one) => existsSync(one));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    stop(`${doing} is due, and you may not write to ${folder}: start it once as its owner, or as root`);
  }
}

/** npm tells its scripts the folders of whoever started it (npm_config_cache, _userconfig, ...): root's, for the owner. */
function ownersEnvironment(uid) {
  const kept = Object.entries(process.env).filter(([name]) => !ROOTS_OWN.test(name));
  return { ...Object.fromEntries(kept), HOME: homeOf(uid) ?? root };
}

function homeOf(uid) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[5];
}

function exitLike(result) {
  process.exitCode = result.status ?? 1;
}

function stop(sentence, status = 3) {
  process.stderr.write(`vdsowatch: ${sentence}\n`);
  process.exit(status);
}
