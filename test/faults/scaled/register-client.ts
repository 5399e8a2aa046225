import type { Content } from '../load/content.ts';
import type { Dice } from '../load/dice.ts';
import type { Journal } from '../load/findings.ts';
import type { ImageId } from '../load/repository-model.ts';
import { jsonOf, quote, type Reply, type Wire } from '../load/wire.ts';
import { type Act, SOMETHING, type Value } from './history.ts';
import type { RegisterState } from './register-state.ts';

export interface RegisterClientOptions {
  readonly name: string;
  readonly wire: Wire;
  readonly dice: Dice;
  readonly repository: string;
  readonly journal: Journal;
  readonly state: RegisterState;
  /** Makes an image like no other, of layers that are there. */
  readonly make: () => Content;
}

/** More images than this are deleted before more are put. */
const FULL = 120;

interface Answer {
  readonly imageIds?: readonly ImageId[];
  readonly failures?: readonly { readonly imageId?: ImageId; readonly failureCode?: string }[];
  readonly images?: readonly { readonly imageId: ImageId }[];
  readonly imageDetails?: readonly ImageId[];
  readonly __type?: string;
}

/** One client that does one thing after the other with the tags of a repository, and notes each of them. */
export class RegisterClient {
  readonly #options: RegisterClientOptions;

  constructor(options: RegisterClientOptions) {
    this.#options = options;
  }

  async act(): Promise<void> {
    const { dice, state } = this.#options;
    const tag = dice.oneOf(state.tags) ?? '';
    const images = state.images();
    if (images.length > FULL) return this.#deleteImages(images.slice(0, 100).map(({ digest }) => digest));
    const way = dice.below(100);
    if (way < 35) return this.#put(tag);
    if (way < 72) return this.read(tag);
    if (way < 82) return this.#untag(dice.some(state.tags, 1 + dice.below(2)));
    if (way < 87) return this.#untagByPath(tag);
    // The newest are those that tags lead to.
    const some = dice.some(images.slice(-6), 1 + dice.below(2)).map(({ digest }) => digest);
    return some.length === 1 && dice.chance(0.4) ? this.#deleteByPath(some[0] ?? '') : this.#deleteImages(some);
  }

  /** Reads where the tag leads, in one of the ways that clients have. */
  async read(imageTag: string): Promise<void> {
    const { wire, dice, repository: repositoryName } = this.#options;
    const way = dice.below(4);
    const began = performance.now();
    if (way < 2) {
      const path = `/v2/${repositoryName}/manifests/${imageTag}`;
      const reply = await wire.oci('read-tag', way === 0 ? 'GET' : 'HEAD', path);
      const saw = reply.outcome === 'ok' ? String(reply.headers['docker-content-digest']) : undefined;
      this.#check(reply, reply.outcome === 'ok' || reply.status === 404);
      return this.#note(imageTag, began, reply, { kind: 'get', saw });
    }
    const input = { repositoryName, imageIds: [{ imageTag }] };
    const reply = await wire.api(way === 2 ? 'BatchGetImage' : 'DescribeImages', input);
    const { images, imageDetails, failures, __type } = jsonOf<Answer>(reply);
    const saw: Value = images?.[0]?.imageId.imageDigest ?? imageDetails?.[0]?.imageDigest;
    const isAbsent = failures?.[0]?.failureCode === 'ImageNotFound' || __type === 'ImageNotFoundException';
    this.#check(reply, (saw !== undefined) !== isAbsent);
    return this.#note(imageTag, began, isAbsent ? { ...reply, outcome: 'ok' } : reply, { kind: 'get', saw });
  }

  async #put(imageTag: string): Promise<void> {
    const { wire, dice, repository, state, make } = this.#options;
    const { digest, mediaType, bytes } = make();
    state.begin(imageTag, digest);
    const began = performance.now();
    const reply = dice.chance(0.5)
      ? await wire.oci(
          'put-tag',
          'PUT',
          `/v2/${repository}/manifests/${imageTag}`,
          { 'content-type': mediaType },
          bytes,
        )
      : await wire.api('PutImage', {
          repositoryName: repository,
          imageManifest: bytes.toString('utf8'),
          imageManifestMediaType: mediaType,
          imageTag,
        });
    if (reply.outcome === 'refused') {
      this.#options.journal.find('failed push', `${repository} ${imageTag}: ${quote(reply)}`);
    }
    if (reply.outcome === 'ok') this.#options.journal.count('pushes');
    this.#note(imageTag, began, reply, { kind: 'put', digest });
  }

  async #untag(tags: readonly string[]): Promise<void> {
    const { began, reply, answer } = await this.#delete(tags.map((imageTag) => ({ imageTag })));
    for (const tag of tags) {
      const saw = answer.imageIds?.find(({ imageTag }) => imageTag === tag)?.imageDigest;
      const isAbsent = answer.failures?.some(({ imageId }) => imageId?.imageTag === tag) ?? false;
      this.#check(reply, (saw !== undefined) !== isAbsent);
      this.#note(tag, began, reply, { kind: 'delete', saw });
    }
  }

  async #deleteImages(digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return;
    const { began, reply, answer } = await this.#delete(digests.map((imageDigest) => ({ imageDigest })));
    for (const digest of digests) {
      const found = answer.imageIds?.some(({ imageDigest }) => imageDigest === digest) ?? false;
      const isAbsent = answer.failures?.some(({ imageId }) => imageId?.imageDigest === digest) ?? false;
      this.#check(reply, found !== isAbsent);
      this.#noteDeletion(digest, began, reply, found);
    }
  }

  async #delete(imageIds: readonly ImageId[]) {
    const { wire, repository: repositoryName, journal } = this.#options;
    const began = performance.now();
    const reply = await wire.api('BatchDeleteImage', { repositoryName, imageIds });
    if (reply.outcome === 'ok') journal.count('deletes');
    return { began, reply, answer: jsonOf<Answer>(reply) };
  }

  async #untagByPath(tag: string): Promise<void> {
    const { began, reply } = await this.#deletePath(tag);
    const saw = reply.outcome === 'ok' ? SOMETHING : undefined;
    this.#note(tag, began, reply.status === 404 ? { ...reply, outcome: 'ok' } : reply, { kind: 'delete', saw });
  }

  async #deleteByPath(digest: string): Promise<void> {
    const { began, reply } = await this.#deletePath(digest);
    const answered: Reply = reply.status === 404 ? { ...reply, outcome: 'ok' } : reply;
    this.#noteDeletion(digest, began, answered, reply.outcome === 'ok');
  }

  async #deletePath(reference: string) {
    const { wire, repository } = this.#options;
    const began = performance.now();
    const reply = await wire.oci('delete-manifest', 'DELETE', `/v2/${repository}/manifests/${reference}`);
    this.#check(reply, reply.outcome === 'ok' || reply.status === 404);
    return { began, reply };
  }

  #noteDeletion(digest: string, began: number, reply: Reply, found: boolean): void {
    const tag = this.#options.state.tagOf(digest);
    if (tag !== undefined) this.#note(tag, began, reply, { kind: 'delete image', digest, found });
  }

  #note(tag: string, began: number, { outcome }: Reply, act: Act): void {
    const { state, name } = this.#options;
    if (outcome === 'refused' || (outcome === 'unknown' && act.kind === 'get')) return;
    const ended = outcome === 'unknown' ? Number.POSITIVE_INFINITY : performance.now();
    state.note(tag, { began, ended, act, client: name });
  }

  /** Whether an answer is one of those that there are. */
  #check(reply: Reply, isOne: boolean): void {
    const { journal, repository } = this.#options;
    if (reply.outcome !== 'unknown' && !isOne) journal.find('wrong answer', `${repository}: ${quote(reply)}`);
  }
}
