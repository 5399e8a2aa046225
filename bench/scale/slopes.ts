/**
 * How what the metadata do on PostgreSQL depends on how much there is: repositories of several sizes, one after the other on one
 * durable server, and each figure beside that of the smallest. Bytes of blobs are left out: the database is what grows.
 * `--smoke` is tiny: it shows that the program works.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { findPostgres, startPostgres } from '../../test/support/postgres/cluster.ts';
import { measureSlopes, type Slopes } from './measure-slopes.ts';

const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false }, sizes: { type: 'string' } } });
const sizes = (values.sizes ?? (values.smoke ? '1000,2000' : '1000,10000,100000,1000000')).split(',').map(Number);

if (findPostgres() === undefined) {
  print('PostgreSQL’s server is not on this machine: skipped');
} else {
  await using cluster = await startPostgres({
    durable: true,
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '15min' },
  });
  let smallest: Slopes | undefined;
  for (const size of sizes) {
    const url = await cluster.freshDatabase();
    const slopes = await measureSlopes(url, size, values.smoke ? 2 : 20);
    smallest ??= slopes;
    print(`${size} images, ${Math.round((await sizeOf(url)) / 1e6)} MB`);
    for (const [name, rate] of Object.entries(slopes)) {
      const ratio = rate / smallest[name as keyof Slopes];
      print(`  ${name.padEnd(38)} ${rate.toFixed(0).padStart(8)} a second, ${ratio.toFixed(2)} of the smallest`);
    }
  }
}

async function sizeOf(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
  await client.end();
  return Number(rows[0]?.bytes ?? 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
