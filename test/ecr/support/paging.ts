import { describe, expect, it } from 'vitest';
import type { EcrServer } from './ecr-server.ts';
import { refusalOf, VALUE_AT_LEAST, VALUE_AT_MOST, violation } from './refusals.ts';

export interface PageInput {
  readonly maxResults?: number;
  readonly nextToken?: string | undefined;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly nextToken?: string | undefined;
}

export type SendPage<Item> = (input: PageInput) => Promise<PageOf<Item>>;

const BAD_TOKEN = violation('nextToken', 'Must be a token that a call with the same parameters answered within a day');

/** Follows `nextToken` to the end, and no further than a listing of `expected` items can go. */
export async function pagesOf<Item>(send: SendPage<Item>, maxResults: number, expected: number): Promise<Item[][]> {
  const pages: Item[][] = [];
  let nextToken: string | undefined;
  do {
    const page = await send({ maxResults, nextToken });
    pages.push([...page.items]);
    nextToken = page.nextToken;
  } while (nextToken !== undefined && pages.length <= expected + 1);
  expect(nextToken).toBeUndefined();
  return pages;
}

/** What holds for every operation that pages. `listing` answers two or more items; the others list something else. */
export function describePaging<Item>(
  server: EcrServer,
  {
    max,
    listing,
    others,
  }: { readonly max: number; readonly listing: SendPage<Item>; readonly others: readonly SendPage<Item>[] },
): void {
  const tokenOf = async (send: SendPage<Item>) => (await send({ maxResults: 1 })).nextToken ?? '';

  describe('paging', () => {
    it.each([0, -1])('refuses a maxResults of %d', async (maxResults) => {
      expect(await refusalOf(listing({ maxResults }))).toEqual(violation('maxResults', `${VALUE_AT_LEAST} 1`));
    });

    it.each([max + 1, 2 ** 31 - 1])('refuses a maxResults of %d', async (maxResults) => {
      expect(await refusalOf(listing({ maxResults }))).toEqual(violation('maxResults', `${VALUE_AT_MOST} ${max}`));
    });

    it(`takes a maxResults of 1 and of ${max}`, async () => {
      expect((await listing({ maxResults: 1 })).items).toHaveLength(1);
      const all = await listing({ maxResults: max });
      expect(all.items.length).toBeGreaterThan(1);
      expect(all.nextToken).toBeUndefined();
    });

    it('lets the size of the page change on the way', async () => {
      const all = (await listing({ maxResults: max })).items;
      const first = await listing({ maxResults: 1 });
      const rest = await listing({ maxResults: max, nextToken: first.nextToken });
      expect([...first.items, ...rest.items]).toEqual(all);
    });

    it.each(['', 'AAAA', 'not a token', '%00', '{"after":"a"}'])('refuses the token %j', async (nextToken) => {
      expect(await refusalOf(listing({ nextToken }))).toEqual(BAD_TOKEN);
    });

    it('refuses a token that was changed anywhere', async () => {
      const token = await tokenOf(listing);
      for (const at of [0, 20, token.length - 1]) {
        const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
        expect(await refusalOf(listing({ nextToken: changed }))).toEqual(BAD_TOKEN);
      }
    });

    it('refuses a token that another listing answered', async () => {
      const nextToken = await tokenOf(listing);
      expect(others.length).toBeGreaterThan(0);
      for (const other of others) expect(await refusalOf(other({ nextToken }))).toEqual(BAD_TOKEN);
    });

    it('takes a token for a day, and no longer', async () => {
      const nextToken = await tokenOf(listing);
      server.clock.advance(86_400_000 - 1);
      expect((await listing({ nextToken })).items.length).toBeGreaterThan(0);
      server.clock.advance(1);
      expect(await refusalOf(listing({ nextToken }))).toEqual(BAD_TOKEN);
    });
  });
}
