import { checkOwn } from './check-own.ts';
import { actInCommon, actInDoomed, checkCommon } from './common-client.ts';
import { CommonRepository } from './common-repository.ts';
import { type Blob, baseLayers, type Content, makeImage } from './content.ts';
import type { Dice } from './dice.ts';
import type { Door } from './door.ts';
import type { Journal } from './findings.ts';
import type { Operator } from './operator.ts';
import { actInOwn } from './own-client.ts';
import { OwnRepository } from './own-repository.ts';
import type { Pushed, Pusher } from './push.ts';
import { actOnReferrers, checkReferrers, ReferrersRepository } from './referrers-client.ts';
import { actInUndo, checkUndo } from './undo-client.ts';
import { UndoRepository } from './undo-repository.ts';
import { quote, ServerGone, Wire } from './wire.ts';

/** How a server is started that is not as all are. Clients of their own kind make use of each. */
export interface Conditions {
  /** Its undo window in milliseconds. */
  readonly undoWindow?: number;
  /** Its `--referrer-expiry` in milliseconds, where that is so short that referrers go during the run. */
  readonly referrerExpiry?: number;
  /** Whether an operator damages its store and repairs it. */
  readonly repairs?: boolean;
}

export interface LoadOptions {
  readonly dice: Dice;
  readonly journal: Journal;
  readonly clients: number;
  /** The server's `--gc-lease` in milliseconds. */
  readonly lease: number;
  /** Needed where there are repairs. */
  readonly operator?: Operator;
  /** The share of what clients do that they do in repositories of their own, where every answer is foreseen. */
  readonly own?: number;
}

/** Clients of one registry, and what they know of it. They outlive the server, which is killed and started under them. */
export class Load {
  readonly #options: LoadOptions;
  readonly #bases: readonly Blob[];
  readonly #own: readonly (readonly OwnRepository[])[];
  readonly #common: readonly CommonRepository[];
  readonly #doomed: readonly Content[];
  readonly #dice: readonly Dice[];
  readonly #undone = [new UndoRepository('undone/one'), new UndoRepository('undone/two')] as const;
  readonly #diceOfUndo: Dice;
  readonly #referred = [new ReferrersRepository('referred/one'), new ReferrersRepository('referred/two')] as const;
  readonly #diceOfReferrers: Dice;

  constructor(options: LoadOptions) {
    const { dice, clients } = options;
    const numbers = Array.from({ length: clients }, (_, number) => number);
    this.#options = options;
    this.#bases = baseLayers(dice.fork('base layers'), 8);
    this.#own = numbers.map((number) => ['', '/side'].map((end) => new OwnRepository(`client-${number}${end}`)));
    this.#dice = numbers.map((number) => dice.fork(`client ${number}`));
    const images = (name: string, count: number) =>
      Array.from({ length: count }, (_, number) => makeImage(dice.fork(`${name} ${number}`), this.#bases));
    this.#common = ['common/one', 'common/two'].map((name) => new CommonRepository(name, images(name, 8)));
    this.#doomed = images('doomed', 4);
    this.#diceOfUndo = dice.fork('undo');
    this.#diceOfReferrers = dice.fork('referrers');
  }

  /** Has all clients work until `until` is aborted or the server is gone, which it may be before the first of them has come. */
  async run(to: Door | string, until: AbortSignal, conditions: Conditions = {}): Promise<void> {
    try {
      using wire = await Wire.connect(to, this.#options.journal);
      await this.#runOver(wire, until, conditions);
    } catch (error) {
      if (!(error instanceof ServerGone)) throw error;
    }
  }

  async #runOver(wire: Wire, until: AbortSignal, conditions: Conditions): Promise<void> {
    const { undoWindow, referrerExpiry, repairs = false } = conditions;
    const { journal, lease, operator } = this.#options;
    for (const { name } of this.#common) await wire.api('CreateRepository', { repositoryName: name });
    const sources = [...this.#own.flat(), ...this.#common].map(({ name }) => name);
    const keepsSubjects = referrerExpiry !== undefined;
    const shared = { journal, lease, sources };
    const work = this.#own.map(async (repositories, number) => {
      const dice = this.#dice[number];
      if (!dice) return;
      const client: Pusher = { ...shared, wire: wire.lendTo(`client-${number}`), dice, keepsSubjects };
      await repeat(until, () => this.#act(client, repositories));
    });
    if (undoWindow !== undefined) {
      const dice = this.#diceOfUndo;
      const client = { ...shared, wire: wire.lendTo('client-undo'), dice, window: undoWindow };
      work.push(repeat(until, () => actInUndo(client, oneOf(dice, this.#undone), this.#bases)));
    }
    if (referrerExpiry !== undefined) {
      const dice = this.#diceOfReferrers;
      const client = { ...shared, wire: wire.lendTo('client-referrers'), dice, expiry: referrerExpiry };
      work.push(repeat(until, () => actOnReferrers(client, oneOf(dice, this.#referred), this.#bases)));
    }
    if (repairs && operator) {
      const own = wire.lendTo('operator');
      work.push(repeat(until, () => operator.act(own)));
    }
    await Promise.all(work);
  }

  async #act(client: Pusher, repositories: readonly OwnRepository[]): Promise<Pushed> {
    const { dice } = client;
    const { own = 0.7 } = this.#options;
    if (dice.chance(own)) {
      const [first, second = first] = repositories;
      const repository = dice.chance(0.7) ? first : second;
      return repository ? actInOwn(client, repository, this.#bases) : 'unknown';
    }
    const common = dice.oneOf(this.#common);
    if (common && dice.chance(0.8)) return actInCommon(client, common);
    return actInDoomed(client, 'common/doomed', this.#doomed);
  }

  /** Compares everything that clients know with what the server has. Nobody else may be at work. */
  async check(to: Door | string): Promise<void> {
    const { journal } = this.#options;
    using wire = await Wire.connect(to, journal);
    const checker = { wire, journal };
    await Promise.all([
      ...this.#own.map(async (repositories) => {
        for (const repository of repositories) await checkOwn(checker, repository);
      }),
      ...this.#common.map((repository) => checkCommon(checker, repository)),
      this.#options.operator?.check(wire),
      ...this.#referred.map((repository) => checkReferrers(checker, repository)),
      ...this.#undone.map((repository) => checkUndo(checker, repository)),
    ]);
  }

  /** Deletes every repository with all that is in it. */
  async clear(to: Door | string): Promise<void> {
    const { journal } = this.#options;
    using wire = await Wire.connect(to, journal);
    for (const repository of this.#own.flat()) {
      if (repository.state === undefined) continue;
      const input = { repositoryName: repository.name, force: true };
      const reply = await wire.api('DeleteRepository', input);
      if (reply.outcome !== 'ok') journal.find('wrong answer', `delete ${repository.name}: ${quote(reply)}`);
      repository.note(reply.outcome, undefined);
    }
    for (const repositoryName of [...this.#common.map(({ name }) => name), 'common/doomed']) {
      await wire.api('DeleteRepository', { repositoryName, force: true });
    }
    for (const repository of this.#common) {
      for (const { digest } of repository.images) repository.settle(digest, false);
    }
  }
}

/** A client that does not know what came of a request looks before it goes on, which it does after the restart. */
async function repeat(until: AbortSignal, act: () => Promise<Pushed>): Promise<void> {
  while (!until.aborted && (await act()) !== 'unknown');
}

function oneOf<Repository>(dice: Dice, repositories: readonly [Repository, Repository]): Repository {
  return repositories[dice.below(2) === 0 ? 0 : 1];
}
