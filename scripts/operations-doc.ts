import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EcrPorts } from '../src/ecr/ecr-ports.ts';
import { operationsOf } from '../src/ecr/operations.ts';
import { UNSERVED, type Unserved } from '../src/ecr/unserved.ts';

const ROOT = join(import.meta.dirname, '..');
export const OPERATIONS_DOC = 'docs/reference/operations.md';
export const REGENERATE = 'node scripts/operations-doc.ts';

/** Where the file of an operation will stand that is not served yet; afterwards its folder says so. */
const FUTURE_AREAS = {
  BatchGetRepositoryScanningConfiguration: 'scanning',
  CreatePullThroughCacheRule: 'pull-through',
  CreateRepositoryCreationTemplate: 'template',
  DeleteLifecyclePolicy: 'lifecycle',
  DeletePullThroughCacheRule: 'pull-through',
  DeleteRegistryPolicy: 'registry',
  DeleteRepositoryCreationTemplate: 'template',
  DeleteRepositoryPolicy: 'repository',
  DeleteSigningConfiguration: 'signing',
  DeregisterPullTimeUpdateExclusion: 'pull-time',
  DescribeImageReplicationStatus: 'replication',
  DescribeImageScanFindings: 'scanning',
  DescribeImageSigningStatus: 'signing',
  DescribePullThroughCacheRules: 'pull-through',
  DescribeRegistry: 'registry',
  DescribeReplicationBackfillResults: 'replication',
  DescribeRepositoryCreationTemplates: 'template',
  GetAccountSetting: 'registry',
  GetLifecyclePolicy: 'lifecycle',
  GetLifecyclePolicyPreview: 'lifecycle',
  GetRegistryPolicy: 'registry',
  GetRegistryScanningConfiguration: 'scanning',
  GetRepositoryPolicy: 'repository',
  GetSigningConfiguration: 'signing',
  ListPullTimeUpdateExclusions: 'pull-time',
  ListReplicationBackfills: 'replication',
  PutAccountSetting: 'registry',
  PutImageScanningConfiguration: 'scanning',
  PutLifecyclePolicy: 'lifecycle',
  PutRegistryPolicy: 'registry',
  PutRegistryScanningConfiguration: 'scanning',
  PutReplicationConfiguration: 'replication',
  PutSigningConfiguration: 'signing',
  RegisterPullTimeUpdateExclusion: 'pull-time',
  SetRepositoryPolicy: 'repository',
  StartImageScan: 'scanning',
  StartLifecyclePolicyPreview: 'lifecycle',
  StartReplicationBackfill: 'replication',
  StopReplicationBackfill: 'replication',
  UpdateImageStorageClass: 'image',
  UpdatePullThroughCacheRule: 'pull-through',
  UpdateRepositoryCreationTemplate: 'template',
  ValidatePullThroughCacheRule: 'pull-through',
} as const satisfies Record<Unserved, string>;

/** The names in the table of operations. Building it touches no port. */
export function servedOperations(): string[] {
  return Object.keys(operationsOf({} as EcrPorts));
}

/** The operations that have a file, with the folder it stands in. */
export function operationFiles(): Map<string, string> {
  const folder = join(ROOT, 'src/ecr/operations');
  const areas = readdirSync(folder);
  return new Map(
    areas.flatMap((area) =>
      readdirSync(join(folder, area))
        .filter((file) => /^[A-Z]/.test(file))
        .map((file) => [file.replace(/\.ts$/, ''), area] as const),
    ),
  );
}

/** The text of the page: one row for each operation that the SDK of Amazon ECR knows. */
export function operationsDoc(): string {
  const served = servedOperations();
  const files = operationFiles();
  const rows = [
    ...served.map((name) => [name, servedRow(name, files.get(name) ?? '')] as const),
    ...UNSERVED.map((name) => [name, `| ${name} | ${FUTURE_AREAS[name]} | not yet | \`ecr:${name}\` | |`] as const),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return `# Operations

Every operation of Amazon ECR's API, and whether this version of Berth serves it: ${served.length} of ${rows.length}. An operation that is not served yet
answers 400 \`UnknownOperationException\` with a message that says so.

Written by \`${REGENERATE}\` from the table in \`src/ecr/operations.ts\`; a test holds the two together.

| Operation | Area | Served | IAM action | Test |
|---|---|---|---|---|
${rows.map(([, row]) => row).join('\n')}
`;
}

function servedRow(name: string, area: string): string {
  const file = `[${name}](../../src/ecr/operations/${area}/${name}.ts)`;
  const test = `[test](../../test/ecr/${name}.test.ts)`;
  return `| ${file} | ${area} | yes | \`ecr:${name}\` | ${test} |`;
}

if (import.meta.main) {
  const path = join(ROOT, OPERATIONS_DOC);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, operationsDoc());
}
