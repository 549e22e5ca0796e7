import { Observable } from 'rxjs';
import type { Evidence } from '../model/evidence.js';
import type { Reader } from './observation.js';

/** A reader that reads at once, when it is asked. */
export const reading =
  (read: (pid: number) => Evidence): Reader =>
  (pid) =>
    new Observable((subscriber) => {
      subscriber.next(read(pid));
      subscriber.complete();
    });
