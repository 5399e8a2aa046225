import { CARRIED, type CarriedTable, carried, isNumbered } from '../../metadata/carried-tables.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { failpoint } from '../../model/failpoint.ts';
import { checkStore } from '../fsck/check-store.ts';
import { checkStrays } from '../fsck/check-strays.ts';
import type { Finding } from '../fsck/finding.ts';
import { type CarriedBlob, carryBlobs } from './carry-blobs.ts';
import { carryRows, carryUsage, compareRows, takeBack } from './carry-rows.ts';
import { Claim, secretsOf } from './claim.ts';
import { isBeginningOf, rowsIn, rowsWithin } from './compare-rows.ts';
import type { ImportPorts } from './import-ports.ts';

/** What is to be copied, all in all. */
export interface Extent {
  readonly blobs: number;
  readonly bytes: number;
  /** Of all tables, that of the blobs among them. */
  readonly rows: number;
}

/** How far an import has come. */
export type ImportStep =
  | ({ readonly kind: 'begun'; readonly resumed: boolean } & Extent)
  | ({ readonly kind: 'blob' } & CarriedBlob)
  | { readonly kind: 'rows' | 'compared'; readonly table: CarriedTable; readonly rows: number }
  | ({ readonly kind: 'finding' } & { readonly problem: string } & Omit<Finding, 'kind' | 'repaired'>);

/** What an import that has ended comes to. */
export interface ImportTotal {
  readonly blobs: Readonly<Record<CarriedBlob['how'], number>>;
  /** That were copied in this run. */
  readonly bytes: number;
  /** That both stores have, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** What the check of the target found: nothing, unless the source was not in order either. */
  readonly findings: number;
}

/**
 * Makes the target what the source is at this moment: the same blobs, compared by digest, the same rows and the same keys.
 * Uploads under way and trash stay behind. It may break off anywhere, and goes on when it is begun again; until it has ended the
 * target is not to be served. `onStep` hears how far it has come.
 *
 * @throws ImportRefused
 */
export async function importStore(ports: ImportPorts, onStep: (step: ImportStep) => void): Promise<ImportTotal> {
  const { source, target } = ports;
  const claim = await Claim.make(source.metadata, target.metadata, ports.ids);
  await failpoint('import.claimed');
  const done = await source.metadata.inspect(async (view) => {
    onStep({ kind: 'begun', resumed: claim.isResumed, ...(await extentOf(view)) });
    await failpoint('import.begun');
    if (claim.isResumed && !(await isBeginningOf(rowsWithin(view.transfer), rowsIn(target.metadata)))) {
      await takeBack(ports, view, claim);
    }
    const carried = await carryAllBlobs(ports, view, claim, onStep);
    for await (const { table, rows } of carryRows(ports, view, claim))
      onStep({ kind: 'rows', table: table.name, rows });
    await carryUsage(ports, view, claim);
    return { ...carried, rows: await compareAllRows(ports, view, onStep) };
  });
  const findings = await check(ports, claim, onStep);
  await failpoint('import.checked');
  await end(ports, claim);
  return { ...done, findings };
}

async function extentOf(view: MetadataView): Promise<Extent> {
  const { blobs } = await view.usage.ofStore();
  let rows = 0;
  for (const table of CARRIED) rows += await view.transfer.count(table);
  return { blobs: blobs.count, bytes: blobs.bytes, rows };
}

async function carryAllBlobs(
  ports: ImportPorts,
  view: MetadataView,
  claim: Claim,
  onStep: (step: ImportStep) => void,
): Promise<Pick<ImportTotal, 'blobs' | 'bytes'>> {
  const blobs = { copied: 0, found: 0, lost: 0 };
  let copied = 0;
  for await (const blob of carryBlobs(ports, view, claim)) {
    blobs[blob.how] += 1;
    if (blob.how === 'copied') copied += blob.bytes;
    onStep({ kind: 'blob', ...blob });
  }
  await claim.write((tx) => tx.transfer.sizeUp(carried('blob')));
  return { blobs, bytes: copied };
}

async function compareAllRows(
  ports: ImportPorts,
  view: MetadataView,
  onStep: (step: ImportStep) => void,
): Promise<ImportTotal['rows']> {
  const counts = new Map<string, number>();
  for await (const { table, rows } of compareRows(ports, view)) {
    counts.set(table.name, (counts.get(table.name) ?? 0) + rows);
    onStep({ kind: 'compared', table: table.name, rows });
  }
  return Object.fromEntries(counts);
}

/** Bytes that a run left behind between copying and noting them become trash; everything else has to be in order. */
async function check(
  { target, clock }: ImportPorts,
  claim: Claim,
  onStep: (step: ImportStep) => void,
): Promise<number> {
  const ports = { ...target, clock };
  for await (const { mend } of checkStrays(ports, new Map(), { strayAge: -Infinity, repair: true, force: true })) {
    if (mend) await claim.write(mend);
  }
  const checking = checkStore(ports, { deep: false, repair: false, strayAge: -Infinity, patience: Infinity });
  for (;;) {
    const next = await checking.next();
    if (next.done) return next.value.findings;
    const { kind: problem, subject, detail } = next.value;
    onStep({ kind: 'finding', problem, subject, detail });
  }
}

/** New rows get numbers that none has had, what was signed with the source's keys stays good, and the target is one to be served. */
async function end({ source }: ImportPorts, claim: Claim): Promise<void> {
  const numbered = CARRIED.filter(isNumbered);
  const greatest = await source.metadata.read((view) =>
    Promise.all(numbered.map(async (table) => [table, await view.transfer.greatestId(table)] as const)),
  );
  const secrets = await secretsOf(source.metadata);
  await claim.end(async (tx) => {
    for (const [table, id] of greatest) await tx.transfer.skipIds(table, id);
    for (const secret of secrets) await tx.secrets.put(secret);
  });
  await failpoint('import.ended');
}
