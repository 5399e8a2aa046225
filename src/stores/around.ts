import type { Clock } from '../model/clock.ts';
import type { Ids } from '../model/ids.ts';
import type { Listener } from './listener.ts';

/** What stores have around them. */
export interface Around {
  readonly ids: Ids;
  readonly clock: Clock;
  readonly listener: Listener;
  /** Whether a database without tables is refused: there is nothing in it to look at. */
  readonly mustExist?: boolean;
}
