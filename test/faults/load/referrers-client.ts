import { setTimeout as sleep } from 'node:timers/promises';
import { accuse, checkOwn, listImages, sameAs } from './check-own.ts';
import { type Blob, indexOf, makeImage, makeIndex, makeReferrer } from './content.ts';
import { createRepository, deleteThese, imagesOf, pushAs } from './own-client.ts';
import { OwnRepository } from './own-repository.ts';
import { type Pushed, type Pusher, push } from './push.ts';
import { type KnownImage, put, type RepositoryState, remove } from './repository-model.ts';
import { quote } from './wire.ts';

const FULL = 14;
/** How exact the clocks of the server and of the clients are, in milliseconds. */
const CLOCKS = 5;
/** How long after their time referrers may still be there. Collection runs every 100 ms. */
const PATIENCE = 15_000;

/** A repository of one client in which referrers go when what they refer to has gone. */
export class ReferrersRepository extends OwnRepository {
  /** Referrers that are left by the deletion of this subject. `states` says with and without them. */
  orphaned: Orphaned | undefined;
}

interface Orphaned {
  readonly subject: string;
  /** Until then they must be there, as `performance.now()` counts. */
  readonly notBefore: number;
}

export interface ReferrersClient extends Pusher {
  /** The server's `--referrer-expiry` in milliseconds. */
  readonly expiry: number;
}

/** One thing that a client does to whom referrers matter: what they refer to is pushed, deleted, and pushed again. */
export async function actOnReferrers(
  client: ReferrersClient,
  repository: ReferrersRepository,
  bases: readonly Blob[],
): Promise<Pushed> {
  if (repository.orphaned) {
    await sleep(20);
    return look(client, repository);
  }
  const { interrupted, state } = repository;
  if (interrupted) return pushAs(client, repository, interrupted.content, interrupted.tag);
  if (state === undefined) return createRepository(client, repository);
  const subject = client.dice.oneOf(subjectsIn(state));
  if (subject && client.dice.chance(0.4)) return deleteSubject(client, repository, subject);
  if (state.size < FULL) return grow(client, repository, bases);
  return subject ? deleteSubject(client, repository, subject) : deleteRepository(client, repository);
}

function grow(client: Pusher, repository: ReferrersRepository, bases: readonly Blob[]): Promise<Pushed> {
  const { dice } = client;
  const images = imagesOf(repository);
  const tag = dice.chance(0.7) ? undefined : `r${dice.below(4)}`;
  const subject = dice.oneOf(images.filter(({ content }) => content.subject === undefined));
  const referrer = dice.oneOf(images.filter(({ content }) => content.subject !== undefined));
  if (subject && dice.chance(0.6)) return pushAs(client, repository, makeReferrer(dice, subject.content), tag);
  // It stays when the subject goes.
  if (referrer && dice.chance(0.2)) return pushAs(client, repository, indexOf([referrer.content]), tag);
  return pushAs(client, repository, dice.chance(0.2) ? makeIndex(dice, bases) : makeImage(dice, bases), tag);
}

async function deleteSubject(
  client: ReferrersClient,
  repository: ReferrersRepository,
  { content, tags }: KnownImage,
): Promise<Pushed> {
  const { dice, expiry, journal } = client;
  const { digest: subject } = content;
  const before = repository.state;
  const { state: left } = remove(before, [{ imageDigest: subject }]);
  const without = withoutReferrers(left, subject);
  const notBefore = performance.now() + expiry;
  const deleted = await deleteThese(client, repository, [{ imageDigest: subject }]);
  // With all of them listed by indexes nothing is to go.
  if (deleted === 'refused' || without.size === (left?.size ?? 0)) return deleted;
  repository.orphaned = { subject, notBefore };
  repository.states = deleted === 'ok' ? [left, without] : [before, left, without];
  if (deleted === 'unknown' || dice.chance(0.7)) return deleted;

  const tag = tags[0];
  const pushed = await push(client, repository.name, content, tag, repository.promises);
  if (pushed === 'refused') return pushed;
  const back = put(left, content, tag);
  const late = performance.now() > notBefore - CLOCKS;
  if (pushed === 'unknown' || late) {
    repository.states = [...repository.states, back, put(without, content, tag)];
    return pushed;
  }
  // It was back in time, so they stay.
  journal.count('subjects back in time');
  repository.orphaned = undefined;
  repository.settle(back);
  return 'ok';
}

async function deleteRepository({ wire, journal }: Pusher, repository: ReferrersRepository): Promise<Pushed> {
  const reply = await wire.api('DeleteRepository', { repositoryName: repository.name, force: true });
  if (reply.outcome === 'refused') journal.find('wrong answer', `delete ${repository.name}: ${quote(reply)}`);
  repository.note(reply.outcome, undefined);
  return reply.outcome;
}

/** Looks whether the referrers are still there, and whether they may be or have to. */
async function look(
  checker: Pick<Pusher, 'wire' | 'journal'>,
  repository: ReferrersRepository,
): Promise<'ok' | 'unknown'> {
  const { orphaned, states, name } = repository;
  if (!orphaned) return 'ok';
  const { subject, notBefore } = orphaned;
  const observed = await listImages(checker, name);
  const answered = performance.now();
  if (observed === 'unknown') return 'unknown';
  const state = states.find((state) => sameAs(state, observed));
  if (state === undefined) {
    accuse(checker, repository, observed);
    repository.orphaned = undefined;
    return 'ok';
  }
  const are = withoutReferrers(state, subject).size < state.size;
  if (are && !state.has(subject)) {
    repository.states = [state, withoutReferrers(state, subject)];
    return 'ok';
  }
  if (!are && !state.has(subject)) {
    checker.journal.count('referrers gone');
    if (answered < notBefore - CLOCKS) {
      checker.journal.find('lost', `referrers of ${subject} in ${name} went ${notBefore - answered} ms too early`);
    }
  }
  repository.orphaned = undefined;
  repository.settle(state);
  return 'ok';
}

/** As `checkOwn`, once all referrers have gone that are to go. */
export async function checkReferrers(
  checker: Pick<Pusher, 'wire' | 'journal'>,
  repository: ReferrersRepository,
): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (repository.orphaned && (await look(checker, repository)) === 'ok' && repository.orphaned) {
    if (performance.now() > deadline) {
      const { subject } = repository.orphaned;
      checker.journal.find('undone', `referrers of ${subject} in ${repository.name} are still there`);
      repository.orphaned = undefined;
    } else await sleep(50);
  }
  await checkOwn(checker, repository);
}

/**
 * Images that others refer to, and that no index keeps; but no index that keeps a referrer of what is gone. Until its time has
 * come the referrer goes when the index does, afterwards it stays, and when the server looks nobody can tell.
 */
function subjectsIn(state: ReadonlyMap<string, KnownImage>): KnownImage[] {
  const images = [...state.values()];
  const subjects = new Set(images.map(({ content }) => content.subject));
  const listed = listedIn(state);
  const keepsOrphans = ({ content }: KnownImage) =>
    content.children.some(({ subject }) => subject !== undefined && !state.has(subject));
  return images.filter(
    (image) => subjects.has(image.content.digest) && !listed.has(image.content.digest) && !keepsOrphans(image),
  );
}

/** The state once the referrers of this subject have gone: all but those that an index lists. */
function withoutReferrers(state: RepositoryState, subject: string): ReadonlyMap<string, KnownImage> {
  const listed = listedIn(state);
  return new Map(
    [...(state ?? [])].filter(([digest, { content }]) => content.subject !== subject || listed.has(digest)),
  );
}

function listedIn(state: RepositoryState): Set<string> {
  return new Set([...(state ?? [])].flatMap(([, { content }]) => content.children.map(({ digest }) => digest)));
}
