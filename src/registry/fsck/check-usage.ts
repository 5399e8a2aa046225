import type { UsageCounter } from '../../metadata/inspection-repairs.ts';
import type { Schema } from '../../metadata/schema.ts';
import type { Contradiction } from './finding.ts';
import type { Recount, Survey } from './survey.ts';

const COUNTERS = {
  images: 'images',
  logical_bytes: 'logical bytes',
  live_bytes: 'live bytes',
  held_bytes: 'held bytes',
  idle_bytes: 'idle bytes',
} as const satisfies Record<UsageCounter, string>;

const NOTHING: Recount = { images: 0, logical_bytes: 0, live_bytes: 0, held_bytes: 0, idle_bytes: 0 };

type UsageRow = Schema['usage'];

/** Usage on record against the recount that the other checks have made. They must have run. */
export async function* checkUsage(survey: Survey): AsyncGenerator<Contradiction> {
  const unseen = {
    repository: new Map(survey.usageOfRepositories),
    registry: new Map(survey.usageOfRegistries),
  };
  const pages = survey.pages<UsageRow>('usage counters', (after, limit) =>
    survey.view.inspection.links.listUsage({ scope: after?.scope ?? '', id: after?.id ?? 0 }, limit),
  );
  for await (const page of pages) {
    for (const row of page) {
      yield* checkCounters(survey, row.scope, row.id, row, unseen[row.scope].get(row.id) ?? NOTHING);
      unseen[row.scope].delete(row.id);
    }
  }
  for (const scope of ['repository', 'registry'] as const) {
    for (const [id, recount] of unseen[scope]) yield* checkCounters(survey, scope, id, NOTHING, recount);
  }
  yield* checkStoreUsage(survey);
}

function* checkCounters(
  survey: Survey,
  scope: UsageRow['scope'],
  id: number,
  recorded: Readonly<Recount>,
  counted: Readonly<Recount>,
): Generator<Contradiction> {
  const wrong = (Object.keys(COUNTERS) as UsageCounter[]).filter((counter) => recorded[counter] !== counted[counter]);
  if (wrong.length === 0) return;
  const by = Object.fromEntries(wrong.map((counter) => [counter, counted[counter] - recorded[counter]]));
  yield {
    kind: 'usage',
    subject: scope === 'repository' ? survey.nameOf(id) : `registry ${id}`,
    detail: `The ${wrong
      .map((counter) => `${COUNTERS[counter]} are ${counted[counter]}, ${recorded[counter]} on record`)
      .join('; ')}.`,
    mend: (tx) => tx.repairs.shiftUsage(scope, id, by),
  };
}

async function* checkStoreUsage(survey: Survey): AsyncGenerator<Contradiction> {
  const recorded = await survey.view.usage.ofStore();
  for (const kind of ['blobs', 'trash', 'uploads'] as const) {
    const counted = survey.store[kind];
    const change = { count: counted.count - recorded[kind].count, bytes: counted.bytes - recorded[kind].bytes };
    if (change.count === 0 && change.bytes === 0) continue;
    yield {
      kind: 'store usage',
      subject: kind,
      detail: `${counted.count} with ${counted.bytes} bytes are there, ${recorded[kind].count} with ${recorded[kind].bytes} on record.`,
      mend: async (tx) => {
        await tx.usage.addToStore(kind, change);
        return true;
      },
    };
  }
}
