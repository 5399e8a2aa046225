import { listImages } from './check-own.ts';
import type { CommonRepository } from './common-repository.ts';
import { type Content, IMAGE } from './content.ts';
import { pullImage } from './pull.ts';
import { type Promises, type Pushed, type Pusher, push } from './push.ts';
import { entryOf, type ImageId } from './repository-model.ts';
import { jsonOf, quote } from './wire.ts';

/** One thing that a client does where others do the same: push, delete and pull the same few images. */
export async function actInCommon(client: Pusher, repository: CommonRepository): Promise<Pushed> {
  const content = client.dice.oneOf(repository.images);
  if (!content) return 'ok';
  const way = client.dice.below(10);
  if (way < 5) return pushCommon(client, repository, content);
  if (way < 8) return deleteCommon(client, repository);
  return pullCommon(client, repository, content);
}

async function pushCommon(client: Pusher, repository: CommonRepository, content: Content): Promise<Pushed> {
  const promises: Promises = new Map();
  client.journal.count('pushes begun');
  const tag = client.dice.chance(0.5) ? `common-${client.dice.below(3)}` : undefined;
  const done = repository.begin('puts', content.digest);
  const pushed = await push(client, repository.name, content, tag, promises);
  done(pushed);
  if (pushed === 'ok') client.journal.count('pushes');
  return pushed;
}

async function deleteCommon({ wire, dice, journal }: Pusher, repository: CommonRepository): Promise<Pushed> {
  const doomed = dice.some(repository.images, 1 + dice.below(3));
  const done = new Map(doomed.map(({ digest }) => [digest, repository.begin('deletes', digest)]));
  const imageIds = doomed.map(({ digest: imageDigest }) => ({ imageDigest }));
  const reply = await wire.api('BatchDeleteImage', { repositoryName: repository.name, imageIds });
  const { imageIds: deleted = [] } = jsonOf<{ imageIds: ImageId[] }>(reply);
  const gone = new Set(deleted.map((imageId) => imageId.imageDigest));
  for (const [digest, end] of done) end(reply.outcome === 'ok' && !gone.has(digest) ? 'refused' : reply.outcome);
  if (reply.outcome === 'ok') journal.count('deletes');
  return reply.outcome;
}

async function pullCommon({ wire, journal }: Pusher, repository: CommonRepository, content: Content): Promise<Pushed> {
  const path = `/v2/${repository.name}/manifests/${content.digest}`;
  const manifest = await wire.oci('get-manifest', 'GET', path, { accept: IMAGE });
  if (manifest.outcome !== 'ok') return manifest.outcome;
  if (!manifest.body.equals(content.bytes)) journal.find('damaged', `${path} has other bytes`);
  for (const blob of content.blobs) {
    const got = await wire.oci('get-blob', 'GET', `/v2/${repository.name}/blobs/${blob.digest}`);
    if (got.outcome === 'unknown') return 'unknown';
    if (got.outcome === 'refused') {
      // Without a grace a delete may take the bytes from under a pull: but only a delete.
      if (repository.mayHaveGone(content.digest, manifest.sent)) return 'refused';
      journal.find('damaged', `${blob.digest} of ${path}: ${quote(got)}`);
    } else if (!got.body.equals(blob.bytes)) journal.find('damaged', `${blob.digest} of ${path} has other bytes`);
  }
  return 'ok';
}

/** Compares what is there with what surely came last, when nothing is under way. */
export async function checkCommon(
  checker: Pick<Pusher, 'wire' | 'journal'>,
  repository: CommonRepository,
): Promise<void> {
  const observed = await listImages(checker, repository.name);
  if (observed === 'unknown') return;
  const digests = new Set([...(observed ?? [])].map((entry) => entry.split(' ')[0] ?? ''));
  for (const content of repository.images) {
    const there = digests.has(content.digest);
    const expected = repository.expectation(content.digest);
    if (expected === 'there' && !there) checker.journal.find('lost', `${repository.name} lacks ${content.digest}`);
    if (expected === 'gone' && there) checker.journal.find('undone', `${repository.name} has ${content.digest}`);
    repository.settle(content.digest, there);
    if (there) await pullImage(checker, repository.name, content, undefined);
    digests.delete(content.digest);
  }
  for (const digest of digests) {
    checker.journal.find('undone', `${repository.name} has ${entryOf({ imageDigest: digest })}, which nobody pushed`);
  }
}

/**
 * One thing in a repository that others delete at any time, with all that is in it and on the way. There is nothing to rely
 * on here; what is looked for are errors of the server and contradictions in its store.
 */
export async function actInDoomed(client: Pusher, name: string, images: readonly Content[]): Promise<Pushed> {
  const { wire, dice } = client;
  if (dice.chance(0.15)) return (await wire.api('DeleteRepository', { repositoryName: name, force: true })).outcome;
  if (dice.chance(0.2)) return (await wire.api('CreateRepository', { repositoryName: name })).outcome;
  const content = dice.oneOf(images);
  return content ? push({ ...client, doomed: true }, name, content, 'doomed', new Map()) : 'ok';
}
