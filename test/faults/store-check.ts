import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contradictionsIn } from '../support/check-stores.ts';
import { FileBytes } from '../support/stored/file-bytes.ts';
import { SqliteRows } from '../support/stored/sqlite-rows.ts';

const run = promisify(execFile);

/**
 * What is wrong with the data folder of a server that has ended, however it ended; empty when nothing is. Says Berth's own
 * check, over every byte, and a second one that shares nothing with it.
 */
export async function storeFindings(dataDir: string): Promise<string[]> {
  await using rows = new SqliteRows(join(dataDir, 'berth.db'));
  const own = await findingsOfBerth(dataDir);
  const found = await contradictionsIn(rows, new FileBytes(dataDir)).catch((error: Error) => [
    `the store cannot be read: ${error.message}`,
  ]);
  // Those are not bytes of clients.
  const strange =
    /^nothing knows of the bytes in (?:lock|lock-journal|reserve|store-id(?:\.new)?|berth\.db(?:-wal|-shm)?)$/;
  return [...own, ...found.filter((text) => !strange.test(text))];
}

async function findingsOfBerth(dataDir: string): Promise<string[]> {
  const program = fileURLToPath(new URL('../../bin/berth.js', import.meta.url));
  try {
    await run(process.execPath, [program, 'fsck', '--deep', '--json', '--data-dir', dataDir], { maxBuffer: 1 << 26 });
    return [];
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    const lines = stdout.split('\n').filter((line) => line.includes('"finding"'));
    return lines.length > 0 ? lines : [`berth fsck failed: ${stderr || String(error)}`];
  }
}
