import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { Encryption, Repository, ResourceTag } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import type { TagMutability } from '../../model/tag-mutability.ts';
import type { Ports } from '../ports.ts';
import { namesOf, type RepositoryPath } from './repository-path.ts';
import { checkNewTags, checkTagCount } from './resource-tags.ts';
import { checkTagMutability } from './tag-mutability.ts';

export interface RepositorySettings {
  readonly tagMutability: TagMutability;
  readonly scanOnPush: boolean;
  readonly encryption: Encryption;
  readonly tags: readonly ResourceTag[];
}

/** What ECR gives a repository that nobody configured (fidelity facts, section 4.2). */
export const DEFAULT_SETTINGS: RepositorySettings = {
  tagMutability: { mode: 'MUTABLE', exclusionFilters: [] },
  scanOnPush: false,
  encryption: { type: 'AES256', kmsKey: undefined },
  tags: [],
};

/** @throws Fault `RepositoryAlreadyExists`, `InvalidParameter`, `InvalidTagParameter`, `TooManyTags` */
export async function createRepository(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
  settings: RepositorySettings,
): Promise<Repository> {
  checkTagMutability(settings.tagMutability);
  checkNewTags(settings.tags);
  checkTagCount(settings.tags.length);
  const created = await metadata.write((tx) => insertRepository(tx, path, settings, clock.now()));
  if (!created) {
    throw new Fault('RepositoryAlreadyExists', namesOf(path));
  }
  return created;
}

/** Creates the repository with ECR's defaults unless it is there: what a push to a missing repository does where that is allowed. */
export async function ensureRepository(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
): Promise<void> {
  const found = await metadata.read((view) => view.repositories.find(path.registry, path.repositoryName));
  if (!found) await metadata.write((tx) => insertRepository(tx, path, DEFAULT_SETTINGS, clock.now()));
}

async function insertRepository(
  tx: MetadataTransaction,
  path: RepositoryPath,
  settings: RepositorySettings,
  createdAt: number,
): Promise<Repository | undefined> {
  const { tags, ...rest } = settings;
  const repository = await tx.repositories.insert({
    registry: path.registry,
    name: path.repositoryName,
    createdAt,
    ...rest,
  });
  if (repository) await tx.repositories.putResourceTags(repository.id, tags);
  return repository;
}
