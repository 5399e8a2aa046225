import { randomBytes } from 'node:crypto';
import type { ServerAccess } from '../../config/server-access.ts';
import { digestOf } from '../../model/digest.ts';
import { OCI_IMAGE_MANIFEST } from '../../model/media-type.ts';
import { refusalIn } from '../client/server-error.ts';
import { type Answered, ask, Unanswered } from '../way/ask.ts';
import { callEcr, loginHeader } from '../way/call-ecr.ts';
import type { Password } from '../way/password-cache.ts';
import { type Finding, fine, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** Pushes an image of a few bytes into a repository of its own, pulls it, and deletes the repository. */
export async function roundTrip(patient: Patient, access: ServerAccess, password: Password): Promise<Finding> {
  const repositoryName = `berth-doctor/${randomBytes(8).toString('hex')}`;
  const call = (operation: string, input: object) => callEcr(access, patient.clock, operation, input);
  const mend = "Look into the server's log for these requests; 'berth fsck' looks for bytes that are lost";
  try {
    expectStatus('create a repository', await call('CreateRepository', { repositoryName }), 200);
    try {
      await pushAndPull(patient.endpoint, repositoryName, password);
    } finally {
      const deleted = await call('DeleteRepository', { repositoryName, force: true });
      expectStatus(`delete ${repositoryName}`, deleted, 200);
    }
  } catch (error) {
    if (error instanceof Failed || error instanceof Unanswered) return problem('round-trip', error.message, mend);
    throw error;
  }
  return fine('round-trip', 'an image was pushed, pulled and deleted');
}

class Failed extends Error {}

async function pushAndPull(endpoint: string, name: string, password: Password): Promise<void> {
  const headers = loginHeader(password);
  const blob = Buffer.from('{}');
  const layer = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(blob), size: blob.byteLength };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      artifactType: 'application/vnd.berth.doctor',
      config: layer,
      layers: [layer],
    }),
  );
  const upload = await ask(endpoint, {
    method: 'POST',
    target: `/v2/${name}/blobs/uploads/?digest=${layer.digest}`,
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: blob,
  });
  expectStatus('push a layer', upload, 201);
  const target = `/v2/${name}/manifests/round-trip`;
  const pushed = await ask(endpoint, {
    method: 'PUT',
    target,
    headers: { ...headers, 'content-type': OCI_IMAGE_MANIFEST },
    body: manifest,
  });
  expectStatus('push a manifest', pushed, 201);
  const accept = { ...headers, accept: OCI_IMAGE_MANIFEST };
  expectText('manifest', await ask(endpoint, { target, headers: accept }), manifest);
  const pulled = await ask(endpoint, { target: `/v2/${name}/blobs/${layer.digest}`, headers });
  expectText('layer', pulled, blob);
}

function expectStatus(deed: string, { status, document }: Answered, wanted: number): void {
  if (status === wanted) return;
  const reason = refusalIn(document)?.message ?? firstError(document) ?? 'no reason given';
  throw new Failed(`the server does not ${deed} (HTTP ${status}: ${reason})`);
}

function expectText(what: string, answered: Answered, wanted: Buffer): void {
  expectStatus(`give back the ${what}`, answered, 200);
  if (answered.text !== wanted.toString('utf8')) throw new Failed(`the ${what} came back other than it was pushed`);
}

/** The sentence in an error of the distribution protocol. */
function firstError(document: unknown): string | undefined {
  const { errors } = (document ?? {}) as { readonly errors?: readonly { readonly message?: unknown }[] };
  const message = Array.isArray(errors) ? errors[0]?.message : undefined;
  return typeof message === 'string' ? message : undefined;
}
