import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ClientName } from '../catalogue.ts';
import {
  CAPABILITIES,
  CAPABILITY_ORDER,
  type Capability,
  type Finding,
  type Findings,
  type Lacking,
} from './capabilities.ts';
import { type ClientReport, readPage, renderReport, reportIn } from './clients-page.ts';
import { findListed } from './find-listed.ts';
import { type Setup, setUp } from './setup.ts';
import { makeStage, type Stage } from './stage.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What a client was found to do, for the program that writes docs/clients.md. */
    clientReport?: ClientReport;
  }
  interface ProvidedContext {
    /** Whether docs/clients.md is to be held against what ran, or is being written. */
    clientsPage: 'check' | 'write';
  }
}

export type Step = (stage: Stage) => Promise<void>;

export interface ClientOptions {
  /** Other clients that the steps cannot do without. */
  readonly alsoNeeds?: readonly ClientName[];
  /** What one has to know to do as the commands do, in sentences. */
  readonly note?: string;
  /** Added to the environment, given the folder of the test. */
  readonly env?: (setup: Setup) => Readonly<Record<string, string>>;
  /** What must be there before the first step. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}

/**
 * Tries a client with a server of its own: one test for each thing that it can do, and one that docs/clients.md says just
 * that. The steps come in order and the first logs in; but for that, each brings what it needs.
 */
export function describeClient(
  name: ClientName,
  steps: Readonly<Record<Capability, Step | Lacking>>,
  { env = () => ({}), prepare, alsoNeeds = [], note }: ClientOptions = {},
): void {
  describe(name, async () => {
    const listed = await findListed(name);
    const missing = listed ? await firstMissing(alsoNeeds) : name;
    const found = new Map<Capability, Finding>();
    let setup: Setup | undefined;

    const stageWith = (commands: string[]): Stage => {
      if (!listed || !setup) throw new Error('Nothing is set up');
      const show = (command: string) => {
        if (command !== '' && !commands.includes(command)) commands.push(command);
      };
      return makeStage({ setup, client: listed.client, command: listed.command, env: env(setup), show });
    };

    beforeAll(async () => {
      if (missing) return;
      setup = await setUp();
      await prepare?.(stageWith([]));
    });
    afterAll(() => setup?.[Symbol.asyncDispose]());

    for (const capability of CAPABILITY_ORDER) {
      const step = steps[capability];
      if (typeof step !== 'function') {
        found.set(capability, step);
        continue;
      }
      it(CAPABILITIES[capability], { timeout: 120_000 }, async (context) => {
        if (!listed || missing) return context.skip(`${missing} is not installed`);
        const commands: string[] = [];
        await step(stageWith(commands));
        found.set(capability, { commands });
      });
    }

    it('does what docs/clients.md says', async (context) => {
      if (!listed || missing) return context.skip(`${missing} is not installed`);
      if (!isComplete(found)) return context.skip('not all of it ran, or ran well');
      const report = {
        name,
        version: listed.version,
        source: listed.source,
        ...(note !== undefined && { note }),
        findings: Object.fromEntries(found) as Findings,
      };
      context.task.meta.clientReport = report;
      if (inject('clientsPage') === 'write') return;
      const said = reportIn(await readPage(), name);
      // A version that is not ours to choose may be another one here.
      const version = listed.pinned ? report.version : (said?.version ?? report.version);
      expect(said?.lines, 'docs/clients.md is out of date: npm run clients').toEqual(
        renderReport({ ...report, version }),
      );
    });
  });
}

async function firstMissing(names: readonly ClientName[]): Promise<ClientName | undefined> {
  for (const name of names) if ((await findListed(name)) === undefined) return name;
  return undefined;
}

function isComplete(found: ReadonlyMap<Capability, Finding>): boolean {
  return CAPABILITY_ORDER.every((capability) => found.has(capability));
}
