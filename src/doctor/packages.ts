import type { Machine } from './machine.js';

/** How each package manager installs bpftrace without asking; the first that is there is the system's. */
interface PackageManager {
  readonly program: string;
  /** Commands, each an argument list, to run one after the other. */
  readonly install: (packageName: string) => readonly (readonly string[])[];
}

const MANAGERS: readonly PackageManager[] = [
  {
    program: 'apt-get',
    install: (name) => [
      ['apt-get', 'update'],
      ['apt-get', 'install', '--yes', '--no-install-recommends', name],
    ],
  },
  { program: 'dnf', install: (name) => [['dnf', 'install', '-y', name]] },
  { program: 'zypper', install: (name) => [['zypper', '--non-interactive', 'install', name]] },
  { program: 'pacman', install: (name) => [['pacman', '-Sy', '--needed', '--noconfirm', name]] },
  { program: 'apk', install: (name) => [['apk', 'add', name]] },
];

/** The commands that install bpftrace here; undefined: no package manager that is known. */
export const installSteps = (machine: Machine): readonly (readonly string[])[] | undefined =>
  MANAGERS.find(({ program }) => machine.find(program) !== undefined)?.install('bpftrace');

/** The same as one line for a shell, with sudo where it is needed. */
export const installCommand = (machine: Machine): string | undefined => {
  const steps = installSteps(machine);
  return steps === undefined ? undefined : asShell(machine, steps);
};

/** The steps as one line to paste; with sudo for who is not root. */
export const asShell = (machine: Machine, steps: readonly (readonly string[])[]): string =>
  steps.map((step) => (machine.uid === 0 ? step : ['sudo', ...step]).join(' ')).join(' && ');
