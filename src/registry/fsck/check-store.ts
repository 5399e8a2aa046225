import type { MetadataStore, MetadataView } from '../../metadata/metadata-store.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { Ports } from '../ports.ts';
import { checkBytes } from './check-bytes.ts';
import { checkImages } from './check-images.ts';
import { checkLinks } from './check-links.ts';
import { checkManifests } from './check-manifests.ts';
import { checkQueues } from './check-queues.ts';
import { checkRepositories } from './check-repositories.ts';
import { checkStrays } from './check-strays.ts';
import { checkUsage } from './check-usage.ts';
import type { Checked, Contradiction, Finding } from './finding.ts';
import { RepairRight } from './repair-right.ts';
import { Survey } from './survey.ts';

const HOUR = 3_600_000;

/** Findings of the look at the rows that one run holds in memory. */
export const MOST_FINDINGS = 10_000;

export interface CheckOptions {
  /** Also has the database check itself, and hashes every blob: reads everything there is. */
  readonly deep: boolean;
  /** Puts right what is certain. Bytes are never erased here, and rows whose bytes are missing stay. */
  readonly repair: boolean;
  /** Lets a repair make stray bytes trash even if they are most of the store. */
  readonly force?: boolean;
  /** How old stray bytes must be, in milliseconds: younger ones may be on their way. An hour unless told. */
  readonly strayAge?: number;
  /** How long after its time the collector must have done something, in milliseconds. An hour unless told. */
  readonly patience?: number;
}

type Needs = Pick<Ports, 'metadata' | 'blobs' | 'clock'>;

/** Stores that a run with `repair` of this process is at work on: another one would end its right. */
const underRepair = new WeakSet<MetadataStore>();

/**
 * Looks for contradictions in what is stored, and between rows and bytes, while everything goes on: rows on one snapshot,
 * a page at a time; bytes afterwards, each suspicion confirmed by a fresh look. Without `repair` nothing is changed.
 */
export async function* checkStore(ports: Needs, options: CheckOptions): AsyncGenerator<Finding, Checked> {
  const { metadata } = ports;
  if (!options.repair) return yield* check(ports, options);
  if (underRepair.has(metadata)) {
    yield {
      kind: 'repair refused',
      subject: 'store',
      detail: 'Another repair is under way; this run looks and changes nothing.',
      repaired: false,
    };
    const seen = yield* check(ports, { ...options, repair: false });
    return { ...seen, findings: seen.findings + 1 };
  }
  underRepair.add(metadata);
  try {
    return yield* check(ports, options);
  } finally {
    underRepair.delete(metadata);
  }
}

async function* check(ports: Needs, options: CheckOptions): AsyncGenerator<Finding, Checked> {
  const { deep, repair, force = false, strayAge = HOUR } = options;
  const checked = new Map<string, number>();
  const sum = { findings: 0, repaired: 0 };
  const right = repair ? await RepairRight.take(ports.metadata) : undefined;
  for await (const contradiction of contradictions()) {
    const { kind, subject, detail } = contradiction;
    const repaired = right !== undefined && (await mend(right, contradiction));
    sum.findings++;
    if (repaired) sum.repaired++;
    yield { kind, subject, detail, repaired };
  }
  return { checked: Object.fromEntries(checked), ...sum };

  async function* contradictions(): AsyncGenerator<Contradiction> {
    if (deep) yield* checkEngine(ports);
    yield* await checkRows(ports, checked, options);
    yield* checkBytes(ports, checked, { deep });
    yield* checkStrays(ports, checked, { strayAge, repair, force });
  }
}

async function mend(right: RepairRight, { mend: change }: Contradiction): Promise<boolean> {
  if (!change) return false;
  const mended = await right.use(change);
  await failpoint('fsck.repaired');
  return mended;
}

async function* checkEngine({ metadata }: Needs): AsyncGenerator<Contradiction> {
  for (const detail of await metadata.check()) yield { kind: 'database damaged', subject: 'database', detail };
}

/** All on one snapshot, and told when it is let go of: whoever reads the findings may take their time. */
async function checkRows(
  { metadata, clock }: Needs,
  checked: Map<string, number>,
  { patience = HOUR }: CheckOptions,
): Promise<Contradiction[]> {
  return metadata.inspect(async (view: MetadataView) => {
    const survey = new Survey(view, checked, { now: clock.now(), patience });
    const found: Contradiction[] = [];
    // In this order: each learns what the next ones need.
    for (const checkSome of [checkRepositories, checkImages, checkManifests, checkLinks, checkQueues, checkUsage]) {
      for await (const contradiction of checkSome(survey)) {
        if (found.length < MOST_FINDINGS) found.push(contradiction);
        else if (found.length === MOST_FINDINGS) found.push(tooMany());
      }
    }
    return found;
  });
}

function tooMany(): Contradiction {
  return {
    kind: 'more findings',
    subject: 'database',
    detail: `There are more than ${MOST_FINDINGS}: put these right, then check again.`,
  };
}
