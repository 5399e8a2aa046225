import type { AdminServer } from '../admin/support/admin-server.ts';
import { type ParsedFamily, parseExposition } from './parse-exposition.ts';

/** The families, as a scraper that brings nothing but a Host reads them. */
export async function scrapeOf({ endpoint }: AdminServer): Promise<ReadonlyMap<string, ParsedFamily>> {
  const answer = await fetch(`${endpoint}/metrics`);
  if (answer.status !== 200) throw new Error(`The scrape was answered ${answer.status}`);
  return parseExposition(await answer.text());
}

/** The figures of one scrape by series: `berth_images{account="1",region="r"}`. */
export async function figuresOf(server: AdminServer): Promise<Readonly<Record<string, number>>> {
  const families = await scrapeOf(server);
  return Object.fromEntries(
    [...families.values()].flatMap(({ name, samples }) =>
      [...samples].map(([labels, value]) => [labels === '' ? name : `${name}{${labels}}`, value] as const),
    ),
  );
}
