import type { Registry } from '../model/registry.ts';
import type { Authorizer } from '../policy/authorizer.ts';
import type { DownloadLinks } from '../policy/download-links.ts';
import type { RegistryTokens } from '../policy/registry-tokens.ts';
import type { PullRecorder } from '../registry/image/pull-recorder.ts';
import type { Ports } from '../registry/ports.ts';
import type { FrontServer } from './front-server.ts';

/** What the edge of the distribution protocol stands on. Each endpoint names what it needs of it. */
export interface OciEdge extends Ports {
  readonly pulls: PullRecorder;
  readonly tokens: RegistryTokens;
  readonly links: DownloadLinks;
  /** To whom the bytes of large blobs are left. */
  readonly frontServer: FrontServer | undefined;
  /** Whether clients are sent to the store for blobs, where it has addresses to give. */
  readonly blobRedirects: boolean;
  readonly authorizer: Authorizer;
  /** Of requests that name no registry. */
  readonly defaultRegistry: Registry;
  /** Whether pushing to a repository that does not exist creates it. */
  readonly createOnPush: boolean;
  /** Whether an image is taken that names what its repository does not have. */
  readonly sparseManifests: boolean;
}
