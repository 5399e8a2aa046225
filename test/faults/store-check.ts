import { join } from 'node:path';
import { contradictionsIn } from '../support/check-stores.ts';

/** What is wrong with the data folder of a server that has ended, however it ended; empty when nothing is. */
export async function storeFindings(dataDir: string): Promise<string[]> {
  const found = await contradictionsIn(join(dataDir, 'berth.db'), dataDir).catch((error: Error) => [
    `the store cannot be read: ${error.message}`,
  ]);
  // Those are not bytes of clients.
  return found.filter(
    (text) => !/^nothing knows of the bytes in (?:lock|lock-journal|store-id|berth\.db(?:-wal|-shm)?)$/.test(text),
  );
}
