import { type Outcome, sentence } from '../src/model/failure.js';
import { printable } from '../src/text/escape.js';
import type { NextFinding, ReplayControls, ScreenControls } from './controls.js';
import type { Effect } from './effect.js';
import type { Message } from './view.js';

/** What the screen does itself where a key asks for it. */
export interface Doings {
  readonly finish: (status: number) => void;
  readonly freeze: (frozen: boolean) => void;
  readonly suspend: () => void;
  /** Everything is painted again. */
  readonly forget: () => void;
  readonly tell: (message: Message) => void;
  /** A process is chosen, as soon as it is there; undefined: none. */
  readonly choose: (process: string | undefined) => void;
  /** Something is broken that should not be. */
  readonly fail: (error: unknown) => void;
}

/** Does what a key has asked for, or hands it to whom it is for. */
export const performer =
  (controls: ScreenControls, { finish, freeze, suspend, forget, tell, choose, fail }: Doings) =>
  (effect: Effect): void => {
    switch (effect.kind) {
      case 'quit':
        finish(effect.status);
        break;
      case 'rescan':
        controls.rescan();
        break;
      case 'freeze':
        freeze(effect.frozen);
        controls.freeze?.(effect.frozen);
        break;
      case 'save':
        controls.save?.(effect.path).then((outcome) => tell(told(outcome)), fail);
        break;
      case 'suspend':
        suspend();
        break;
      case 'redraw':
        forget();
        break;
      case 'next-finding':
        controls.replay?.nextFinding().then((next) => {
          choose(next?.process);
          tell(foundMessage(next));
        }, fail);
        break;
      case 'seek-to': {
        const wrong = seekTo(controls.replay, effect.text);
        if (wrong !== undefined) tell(wrong);
        break;
      }
      default:
        performReplay(controls.replay, effect);
    }
  };

/** Hands to a recording what is asked of it. */
const performReplay = (replay: ReplayControls | undefined, effect: Effect): void => {
  switch (effect.kind) {
    case 'pause':
      replay?.pause(effect.paused);
      break;
    case 'step':
      replay?.step(effect.steps);
      break;
    case 'speed':
      replay?.speed(effect.factor);
      break;
    case 'seek':
      replay?.seek(effect.at, 'shown');
      break;
    default:
      break;
  }
};

/** What the next finding says, and whose it is. */
const foundMessage = (next: NextFinding | undefined): Message => {
  if (next === undefined) return { severity: 'info', text: 'no other error or warning up to the end' };
  const { pid, comm, severity, text } = next.line;
  return { severity, text: `${pid} ${printable(comm)}: ${text}` };
};

/** Goes there; or what is wrong with the time as it is written. */
const seekTo = (replay: ReplayControls | undefined, text: string): Message | undefined => {
  const moment = replay?.moment(text);
  if (moment?.ok === true) replay?.seek(moment.value);
  return moment?.ok === false ? { severity: 'warning', text: sentence(moment.failure) } : undefined;
};

/** What came of something asked for, for the last line. */
const told = (outcome: Outcome<string>): Message =>
  outcome.ok
    ? { severity: 'info', text: outcome.value }
    : {
        severity: 'error',
        text: sentence(outcome.failure),
      };
