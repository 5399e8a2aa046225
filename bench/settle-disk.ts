import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What others left to be written would be written at the cost of whoever forces something to the disk. */
export async function settleDisk(): Promise<void> {
  await promisify(execFile)('sync');
}
