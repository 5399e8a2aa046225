import { afterAll, describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/metadata/postgres/migrations.ts';
import { migrateDatabase, planDatabase } from '../../src/stores/migrate-database.ts';
import { Databases, inDatabase, NO_POSTGRES } from '../support/postgres/databases.ts';
import { run } from './fake-terminal.ts';
import { documents } from './support/berth.ts';

const migrations = { plan: planDatabase, apply: migrateDatabase };
const target = MIGRATIONS.length;

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

describe.skipIf(NO_POSTGRES)('berth migrate', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());
  const migrate = (database: string, ...argv: string[]) =>
    run(['migrate', '--database', database, ...argv], { migrations });

  test('--plan says what there is to do with exit code 1, and does nothing', async () => {
    const database = await (await databases.cluster()).freshDatabase();
    for (let times = 0; times < 2; times += 1) {
      const { code, out, err } = await migrate(database, '--plan');
      expect([code, err]).toEqual([1, '']);
      expect(out).toContain(`${database} is empty; this Berth is made for version ${target}. To be done:\n`);
      const [first] = MIGRATIONS;
      expect(out).toMatch(new RegExp(`^1  ${first?.name} +${first?.note} +servers may go on$`, 'm'));
    }
    const { code, out } = await migrate(database, '--plan', '--json');
    expect(code).toBe(1);
    expect(documents(out)).toMatchObject([
      { current: 0, target, pending: [{ version: 1, online: true }, ...MIGRATIONS.slice(1).map(() => ({}))] },
    ]);
  });

  test('does it step by step, and when it is run again finds it done', async () => {
    const database = await (await databases.cluster()).freshDatabase();
    const first = await migrate(database);
    expect([first.code, first.err]).toEqual([0, '']);
    const lines = first.out.trimEnd().split('\n');
    expect(lines).toEqual([
      ...MIGRATIONS.map(({ name }, index) => `Done: version ${index + 1}, ${name}.`),
      `${database} has version ${target}, which is that of this Berth.`,
    ]);
    expect(await migrate(database)).toMatchObject({ code: 0, out: `${lines.at(-1)}\n` });
    const plan = await migrate(database, '--plan');
    expect([plan.code, plan.out]).toEqual([0, `${lines.at(-1)} Nothing is to be done.\n`]);
    expect(documents((await migrate(database, '--json')).out)).toEqual([{ current: target, target, applied: [] }]);
  });

  test('refuses a database of a newer version, and one that is not there, without its password', async () => {
    const database = await databases.fresh();
    await inDatabase(database, (client) =>
      client.query(`INSERT INTO schema_version (version, name, works_with) VALUES ($1, 'to come', 1)`, [target + 1]),
    );
    const newer = await migrate(database);
    expect([newer.code, newer.out]).toEqual([1, '']);
    expect(newer.err).toContain('run a newer version of Berth');
    const nowhere = await migrate('postgres://ann:hush@127.0.0.1:1/berth', '--plan');
    expect([nowhere.code, nowhere.out]).toEqual([1, '']);
    expect(nowhere.err).toMatch(/^error: the database postgres:\/\/ann:\*\*\*@127\.0\.0\.1:1\/berth cannot be used/);
    expect(nowhere.err).not.toContain('hush');
  });
});

test('berth migrate of SQLite says that serve sees to it', async () => {
  const { code, out } = await run(['migrate']);
  expect(code).toBe(0);
  expect(out).toContain('berth serve brings it up to date by itself');
  expect(documents((await run(['migrate', '--json'])).out)).toEqual([{ database: 'sqlite', pending: [] }]);
});
