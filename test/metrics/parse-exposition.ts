export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** By labels as they are written: `account="1",region="r"`, or nothing. */
  readonly samples: ReadonlyMap<string, number>;
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"/.source;
const SAMPLE = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf)$|^NaN$/i;

/**
 * Reads Prometheus' text format as a scraper does, and more strictly: every family has its help and its type once, before its
 * samples; no series is there twice; the last line ends.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily & { samples: Map<string, number> }>();
  if (!text.endsWith('\n')) throw new Error('The last line has no end');
  const lines = text.split('\n').filter((line) => line !== '');
  for (let at = 0; at < lines.length; ) {
    const [, name = '', help = ''] = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(lines[at] ?? '') ?? [];
    const [, typed, type = ''] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(lines[at + 1] ?? '') ?? [];
    if (name === '' || typed !== name) throw new Error(`A family begins badly: ${lines[at]}, ${lines[at + 1]}`);
    if (families.has(name)) throw new Error(`The family ${name} is there twice`);
    const samples = new Map<string, number>();
    for (at += 2; at < lines.length && !lines[at]?.startsWith('#'); at += 1) {
      const match = SAMPLE.exec(lines[at] ?? '');
      const [labels = '', value = ''] = [match?.[2], match?.at(-1)];
      if (match?.[1] !== name || !NUMBER.test(value)) throw new Error(`No sample of ${name}: ${lines[at]}`);
      if (samples.has(labels)) throw new Error(`A series is there twice: ${lines[at]}`);
      samples.set(labels, Number(value.replace(/Inf$/i, 'Infinity')));
    }
    families.set(name, { name, type, help, samples });
  }
  return families;
}

/** The names of the labels, in order. */
export function labelNamesIn(labels: string): string[] {
  return [...labels.matchAll(new RegExp(LABEL, 'g'))].flatMap(([, name]) => name ?? []);
}
