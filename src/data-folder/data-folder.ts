import { join } from 'node:path';
import { makeFolder } from '../blobs/file-system/sync-folder.ts';
import { StartupRefusal } from '../config/startup-refusal.ts';
import type { Room } from '../model/room.ts';
import { DiskRoom } from './disk-room.ts';
import { exists } from './exists.ts';
import { lockFolder } from './lock.ts';

/** A folder that this process holds, and the space on its disk. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string;
  readonly room: Room;
  /** Fulfils when the reserve is there. */
  readonly prepared: Promise<void>;
}

/**
 *   <folder>/lock          held by the process that serves the folder
 *   <folder>/reserve       space for the time when the disk is full; see DiskRoom
 *   <folder>/berth.db      metadata, unless a database server has them
 *   <folder>/store-id      names the database that the blobs below belong to
 *   <folder>/blobs, uploads   unless a bucket has them
 *
 * `onSpace` hears when nothing new is stored any more, for want of space, or it is again.
 *
 * @throws StartupRefusal when another process holds the folder
 */
export async function holdDataFolder(
  path: string,
  onSpace: (isShort: boolean, cause?: unknown) => void,
): Promise<DataFolder> {
  if (!(await exists(path))) await makeFolder(path);
  const lock = lockFolder(join(path, 'lock'));
  if (!lock) {
    throw new StartupRefusal(
      `the data folder ${path} is in use by another berth process\nStop that one, or choose another folder with --data-dir.`,
    );
  }
  try {
    // Before anything that writes: a folder that was left on a full disk needs what its reserve holds.
    const room = new DiskRoom(path, join(path, 'reserve'), { onChange: onSpace });
    const prepared = room.prepare();
    // Whoever opens the folder awaits it, but may fail before.
    prepared.catch(() => undefined);
    return {
      path,
      room,
      prepared,
      [Symbol.asyncDispose]: async () => {
        await room.close();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
