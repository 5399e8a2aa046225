import { writeFile } from 'node:fs/promises';
import type { TestModule } from 'vitest/node';
import { startVitest } from 'vitest/node';
import { CLIENTS_PAGE, type ClientReport, readPage, renderPage } from './support/clients-page.ts';

/** Tries the clients that are here and writes docs/clients.md from what ran: `npm run clients`. Ends with 1 if a test failed. */
const vitest = await startVitest('test', ['test/clients/'], { watch: false, provide: { clientsPage: 'write' } });
const reports = vitest.state.getTestModules().flatMap(reportsOf);
await vitest.close();
await writeFile(CLIENTS_PAGE, renderPage(await readPage(), reports));
process.stdout.write(`docs/clients.md: written anew of ${reports.map(({ name }) => name).join(', ') || 'nothing'}\n`);

function reportsOf(module: TestModule): ClientReport[] {
  return [...module.children.allTests('passed')].flatMap((test) => test.meta().clientReport ?? []);
}
