import { expect, test } from 'vitest';
import { FAMILIES, type FamilyName } from '../../src/metrics/families.ts';
import { render } from '../../src/metrics/render.ts';
import { labelNamesIn, parseExposition } from './parse-exposition.ts';

const family = '# HELP a What it is.\n# TYPE a gauge\n';

test('the reader of these tests reads what is sound, and refuses what a scraper would', () => {
  expect(parseExposition(`${family}a 1\n`).get('a')?.samples.get('')).toBe(1);
  expect(parseExposition(`${family}a{b="x\\"y",c="z"} 1.5e+09\n`).get('a')?.samples.size).toBe(1);
  for (const text of [
    `${family}a 1`,
    `${family}a one\n`,
    `${family}a 1\na 2\n`,
    `${family}b 1\n`,
    `${family}a{b=x} 1\n`,
    `${family}a{b="x"y"} 1\n`,
    `${family}a 1\n${family}a{b="c"} 1\n`,
    '# HELP a What it is.\na 1\n',
    'a 1\n',
  ]) {
    expect(() => parseExposition(text), text).toThrow();
  }
});

test('every family is published with its type and its labels, whatever is in them', async () => {
  const names = Object.keys(FAMILIES) as FamilyName[];
  const strange = 'a "quoted" \\ and\nbroken } , = value';
  const samples = names.map((name) => {
    const labels = Object.fromEntries(FAMILIES[name].labels.map((label) => [label, strange]));
    return [name, [{ labels, value: 2 ** 53 - 1 }]];
  });
  const families = parseExposition(await render(Object.fromEntries(samples)));
  expect([...families.keys()]).toEqual(names);
  for (const name of names) {
    const { type, samples } = families.get(name) ?? {};
    expect(type).toBe(FAMILIES[name].type);
    expect([...(samples ?? [])].map(([labels, value]) => [labelNamesIn(labels), value])).toEqual([
      [FAMILIES[name].labels, 2 ** 53 - 1],
    ]);
  }
});

test('what there is nothing to say of is not published', async () => {
  expect(parseExposition(await render({ berth_uploads_active: [{ value: 0 }] })).size).toBe(1);
});
