import { filter, firstValueFrom, map, type Observable } from 'rxjs';
import type { Event, StatusEvent, TracerStatus } from '../../src/model/event.js';

/** Resolves when `events` say that probes are attached, or that they will not be. */
export const untilSettled = (events: Observable<Event>): Promise<TracerStatus> =>
  firstValueFrom(
    events.pipe(
      filter((event): event is StatusEvent => event.kind === 'status' && event.status.mode !== 'starting'),
      map(({ status }) => status),
    ),
  );
