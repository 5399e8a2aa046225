import { boundlessRoom, type Room } from '../../model/room.ts';

/** What the stores of a file system have around them. */
export interface Surroundings {
  readonly room: Room;
  /**
   * Hears that the system could not make a folder's entries durable. What the disk holds is not known then, and asking again
   * tells nothing: whoever hears of it must not go on.
   */
  readonly onFatal: (error: Error) => void;
}

export const NO_SURROUNDINGS: Surroundings = { room: boundlessRoom, onFatal: () => {} };
