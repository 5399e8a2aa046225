import { listImages } from '../load/check-own.ts';
import { type Blob, baseLayers, blobOf, type Content, imageOf } from '../load/content.ts';
import type { Dice } from '../load/dice.ts';
import type { Door } from '../load/door.ts';
import type { Journal } from '../load/findings.ts';
import { push } from '../load/push.ts';
import { ServerGone, Wire } from '../load/wire.ts';
import { RegisterClient } from './register-client.ts';
import { RegisterState } from './register-state.ts';

export interface RegistersOptions {
  readonly dice: Dice;
  readonly journal: Journal;
  readonly clients: number;
  readonly tags: number;
  /** The servers' `--gc-lease` in milliseconds. */
  readonly lease: number;
}

const REPOSITORY = 'registers/one';
const ANCHOR = 'anchor';

/**
 * Clients that put, read and delete the same few tags of one repository, each put of an image of its own. They go on whatever
 * happens to the servers, and write down what they asked for and saw; when nothing is under way any more, one order of it all has
 * to explain it.
 */
export class Registers {
  readonly #options: RegistersOptions;
  readonly #layers: readonly Blob[];
  readonly #anchor: Content;
  readonly #clients: readonly Dice[];
  readonly #state: RegisterState;

  constructor(options: RegistersOptions) {
    const { dice, clients, tags } = options;
    this.#options = options;
    this.#layers = baseLayers(dice.fork('register layers'), 3).slice(1);
    this.#anchor = this.#make(dice.fork('anchor'));
    this.#clients = Array.from({ length: clients }, (_, number) => dice.fork(`register client ${number}`));
    this.#state = new RegisterState(Array.from({ length: tags }, (_, number) => `r${number}`));
  }

  /** Pushes what all the images are made of, and keeps it: from then on every put has all that it needs. A refusal is a finding. */
  async prepare(door: Door): Promise<void> {
    const { journal, dice, lease } = this.#options;
    using wire = await Wire.connect(door, journal);
    await wire.api('CreateRepository', { repositoryName: REPOSITORY });
    const pusher = { wire, dice, journal, lease, sources: [] };
    const pushed = await push(pusher, REPOSITORY, this.#anchor, ANCHOR, new Map());
    if (pushed === 'unknown') throw new Error('the first image of the registers could not be pushed');
  }

  /** Has all clients work until `until` is aborted. */
  async run(door: Door, until: AbortSignal): Promise<void> {
    try {
      using wire = await Wire.connect(door, this.#options.journal);
      await Promise.all(
        this.#clients.map(async (dice, number) => {
          const client = this.#client(wire, `register-${number}`, dice);
          while (!until.aborted) await client.act();
        }),
      );
    } catch (error) {
      if (!(error instanceof ServerGone)) throw error;
    }
  }

  /** Reads every tag through each of these, and judges all that was seen. Nothing may be under way. */
  async check(doors: readonly Door[]): Promise<void> {
    const { journal, dice } = this.#options;
    for (const [number, door] of doors.entries()) {
      using wire = await Wire.connect(door, journal);
      const reader = this.#client(wire, `reader-${number}`, dice);
      for (const tag of this.#state.tags) await reader.read(tag);
      if (number < doors.length - 1) continue;
      const entries = await listImages({ wire, journal }, REPOSITORY);
      if (entries === 'unknown') continue;
      // Nobody touches it.
      if (!entries?.delete(`${this.#anchor.digest} ${ANCHOR}`)) journal.find('lost', `${REPOSITORY} lacks its anchor`);
      this.#state.settle(entries ?? new Set(), (kind, text) => journal.find(kind, `${REPOSITORY} ${text}`));
    }
  }

  /** Deletes the repository with all that is in it. */
  async clear(door: Door): Promise<void> {
    using wire = await Wire.connect(door, this.#options.journal);
    await wire.api('DeleteRepository', { repositoryName: REPOSITORY, force: true });
  }

  #client(wire: Wire, name: string, dice: Dice): RegisterClient {
    const { journal } = this.#options;
    const make = () => this.#make(dice);
    const options = { name, wire: wire.lendTo(name), dice, repository: REPOSITORY, journal, state: this.#state, make };
    return new RegisterClient(options);
  }

  /** Of the same bytes as all the others, but for a note. */
  #make(dice: Dice): Content {
    const config = blobOf(Buffer.from('{"architecture":"amd64","os":"linux"}'));
    return imageOf({ config, layers: this.#layers, note: dice.hex(24) });
  }
}
