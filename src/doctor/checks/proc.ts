import type { LocalHost } from '../../proc/host.js';
import { printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';

/** What /proc shows: other users' processes, all pid namespaces, page frame numbers. */
export const procChecks = (local: LocalHost, isRoot: boolean): readonly Check[] => [
  local.hidepid === undefined || isRoot
    ? ok(
        'hidepid',
        '/proc',
        local.hidepid === undefined
          ? 'shows all processes'
          : `hidepid=${printable(local.hidepid)}, which root does not feel`,
      )
    : warn(
        'hidepid',
        '/proc',
        `hidepid=${printable(local.hidepid)}: other users' processes are not listed`,
        'run it as root',
      ),
  // pipeline/source.ts does not trace there.
  local.initialPidNamespace === false
    ? fail(
        'pid-namespace',
        'pid namespace',
        'one of its own: only its processes are listed, and probes number them otherwise, so none are attached',
        'run it on the host, or with --pid=host',
      )
    : ok('pid-namespace', 'pid namespace', local.initialPidNamespace === true ? 'the initial one' : 'not told'),
  local.privileged
    ? ok('pagemap', 'pagemap', 'shows page frames')
    : warn(
        'pagemap',
        'pagemap',
        "hides page frames: whether a page is the kernel's is told by its flags alone",
        'run it as root in the initial user namespace',
      ),
];
