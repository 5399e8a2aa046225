import { randomBytes } from 'node:crypto';
import { registerAdmin } from './admin/register-admin.ts';
import type { AccessKey, KeyRing } from './aws/sigv4/access-key.ts';
import type { VerifierOptions } from './aws/sigv4/verify.ts';
import type { CheckStores } from './cli/fsck.ts';
import type { ImportStore } from './cli/import.ts';
import type { Migrations } from './cli/migrate.ts';
import { runProgram } from './cli/program.ts';
import type { RunningServer } from './cli/running-server.ts';
import { packageVersion } from './cli/version.ts';
import type { Settings } from './config/settings.ts';
import { StartupRefusal } from './config/startup-refusal.ts';
import { ECR_SURFACE } from './ecr/ecr-surface.ts';
import { operationsOf } from './ecr/operations.ts';
import { PageTokens } from './ecr/page-tokens.ts';
import { registerEcr } from './ecr/register-ecr.ts';
import { Admission, limitsFor } from './http/admission.ts';
import { createServer } from './http/create-server.ts';
import { closeWithin } from './http/draining.ts';
import { localHostCheck } from './http/host-check.ts';
import { listen } from './http/listen.ts';
import { createLogger } from './http/logger.ts';
import { RequestCounts } from './http/request-counts.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import { registerMetrics } from './metrics/register-metrics.ts';
import { type Clock, systemClock } from './model/clock.ts';
import { randomIds } from './model/ids.ts';
import { StoreUnavailable } from './model/store-unavailable.ts';
import { FrontServer } from './oci/front-server.ts';
import { layerLinkPath } from './oci/layer-link.ts';
import { OCI_SURFACE } from './oci/oci-surface.ts';
import { registerOci } from './oci/register-oci.ts';
import { allowEverything } from './policy/authorizer.ts';
import { DownloadLinks } from './policy/download-links.ts';
import { RegistryTokens } from './policy/registry-tokens.ts';
import { whileThereIsRoom } from './policy/while-there-is-room.ts';
import { checkStore } from './registry/fsck/check-store.ts';
import { PullRecorder } from './registry/image/pull-recorder.ts';
import { isBeingImported } from './registry/import/claim.ts';
import { importStore } from './registry/import/import-store.ts';
import { uploadsAtRest } from './registry/layer/hold-upload.ts';
import type { Around } from './stores/around.ts';
import { openStores } from './stores/open-stores.ts';
import { StoreCounts } from './stores/store-counts.ts';
import { Collector } from './workers/collector.ts';
import { every } from './workers/every.ts';

/** The program: `argv` is what stands after `berth`. Answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runProgram(argv, { start, checkStores, migrations, importStore: importInto });
}

/**
 * Opens the stores, serves them and collects in the background, until `close`. `clock` turns everything that has a
 * date: signatures, tokens, leases, graces.
 *
 * @throws StartupRefusal
 */
export async function start(settings: Settings, clock: Clock = systemClock): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack();
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const failing = Promise.withResolvers<Error>();
  const ids = randomIds();
  const storeCounts = new StoreCounts();
  const stores = opening.use(
    await openStores(settings, {
      clock,
      ids,
      listener: {
        counts: storeCounts,
        onFatal: failing.resolve,
        onWarning: (err, what) => logger.warn({ err }, what),
        onSpace: (isShort, err) => {
          if (isShort) logger.warn(err ? { err } : {}, 'the disk is full: nothing new is stored until space is freed');
          else logger.warn('the disk has space again: everything is stored as usual');
        },
      },
    }),
  );
  if (await isBeingImported(stores.metadata)) {
    throw new StartupRefusal(
      "an import into this store has begun and not ended: it has some of what it is to have\nRun the same 'berth import' again to go on.",
    );
  }
  const authorizer = whileThereIsRoom(allowEverything, stores.room);
  const pulls = new PullRecorder();
  const ports = {
    ...stores,
    clock,
    ids,
    pulls,
    retention: {
      grace: settings.gcGrace,
      lease: settings.gcLease,
      upload: settings.uploadExpiry,
      undo: settings.undoWindow,
      referrers: settings.referrerExpiry,
    },
    tokens: new RegistryTokens(await secretOf(stores.metadata, 'registry-tokens'), clock),
    links: new DownloadLinks(await secretOf(stores.metadata, 'download-links'), clock),
    pageTokens: new PageTokens(await secretOf(stores.metadata, 'page-tokens'), clock),
    authorizer,
    blobRedirects: settings.blobRedirects,
    layerLinkPath,
  };
  opening.defer(() => pulls.flush(ports));
  const collector = new Collector(ports);
  opening.use(
    every(
      settings.gcInterval,
      () => collector.run(),
      (err) => logger[err instanceof StoreUnavailable ? 'warn' : 'error']({ err }, 'collection failed'),
    ),
  );

  const surfaces = [ECR_SURFACE, OCI_SURFACE];
  const admission = new Admission(surfaces, limitsFor(settings.maxRequests));
  const counts = new RequestCounts(surfaces);
  const server = createServer({
    admission,
    counts,
    logger,
    ids,
    hostAllowed: localHostCheck({ domains: settings.domains, listeningOn: settings.host }),
    readiness: stores.checks,
  });
  opening.defer(() => uploadsAtRest(ports));
  opening.defer(() => closeWithin(server, settings.shutdownGrace));
  registerEcr(server, {
    operations: operationsOf(ports),
    verifier: verifierOf(settings, clock),
    authorizer,
    version: packageVersion(),
  });
  registerOci(server, {
    ...ports,
    defaultRegistry: { id: settings.account, region: settings.region },
    createOnPush: settings.createOnPush,
    sparseManifests: settings.sparseManifests,
    frontServer:
      settings.accelRedirect === 'off' || stores.pathBelowBlobs === undefined
        ? undefined
        : new FrontServer(settings.accelRedirect, stores.pathBelowBlobs, ports),
  });
  registerAdmin(server, { ...ports, verifier: { ...verifierOf(settings, clock), paths: 'any' }, collector });
  registerMetrics(server, {
    ...stores,
    collector,
    admission,
    counts,
    stores: {
      kinds: { database: settings.database.kind, blobs: settings.blobs.kind },
      pool: stores.pool,
      poolMax: settings.databasePool,
      counts: storeCounts,
    },
    version: packageVersion(),
  });
  const address = await listen(server, settings);

  const running = opening.move();
  return {
    address,
    // Those who are waiting hear that it went wrong, if they are quick; nobody is waited for.
    failed: failing.promise.then(async (error) => {
      await closeWithin(server, LAST_WORDS);
      return error;
    }),
    close: () => running.disposeAsync(),
  };
}

/**
 * Checks the stores of these settings themselves. Of what is in a data folder, no server may be using it.
 *
 * @throws StartupRefusal
 */
export async function* checkStores(...[settings, options]: Parameters<CheckStores>): ReturnType<CheckStores> {
  await using stores = await openStores(settings, { ...BY_ITSELF, mustExist: true });
  return yield* checkStore({ ...stores, clock: systemClock }, options);
}

/** Loaded by who migrates: everybody else has no use for it. */
const migrations: Migrations = {
  plan: async (url) => (await import('./stores/migrate-database.ts')).planDatabase(url),
  apply: async (url, onStep) => (await import('./stores/migrate-database.ts')).migrateDatabase(url, onStep),
};

/**
 * Copies the store of the first settings into that of the second. Of what is in a data folder, no server may be using it.
 *
 * @throws StartupRefusal, ImportRefused
 */
export async function importInto(...[from, to, onStep]: Parameters<ImportStore>): ReturnType<ImportStore> {
  await using source = await openStores(from, { ...BY_ITSELF, mustExist: true });
  await using target = await openStores(to, BY_ITSELF);
  return await importStore({ source, target, clock: systemClock, ids: randomIds() }, onStep);
}

/** What a command has around the stores that it opens. What fails there fails the command itself, which its user hears of. */
const BY_ITSELF: Around = {
  clock: systemClock,
  ids: randomIds(),
  listener: { counts: new StoreCounts(), onFatal: () => {}, onWarning: () => {}, onSpace: () => {} },
};

/** In milliseconds: how long requests have to be refused after the disk has failed. */
const LAST_WORDS = 200;

/** A key of its own for each purpose, made once and kept with the metadata. */
async function secretOf(metadata: MetadataStore, name: string): Promise<Uint8Array> {
  const fresh = randomBytes(32);
  return metadata.write((tx) => tx.secrets.getOrPut(name, fresh));
}

/** Profile `local`: keys that are known are verified, all others taken on trust. */
function verifierOf(settings: Settings, clock: Clock): VerifierOptions {
  return {
    keys: keyRingOf(settings),
    clock,
    service: 'ecr',
    unknownKeys: 'trust',
    defaultAccountId: settings.account,
    defaultRegion: settings.region,
  };
}

function keyRingOf(settings: Settings): KeyRing {
  const keys = new Map<string, AccessKey>();
  for (const { accessKeyId, secretAccessKey, accountId } of settings.credentials) {
    keys.set(accessKeyId, { id: accessKeyId, secret: secretAccessKey, accountId: accountId ?? settings.account });
  }
  return { find: (accessKeyId) => keys.get(accessKeyId) };
}
