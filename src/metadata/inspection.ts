import { BlobInspection } from './inspection-blobs.ts';
import { ImageInspection } from './inspection-images.ts';
import { LinkInspection } from './inspection-links.ts';
import { QueueInspection } from './inspection-queues.ts';
import type { Session } from './session.ts';

/**
 * Rows as they stand, with what other rows say of the same things beside them, for whoever looks for contradictions. Every
 * listing is paged by key, and reads no more than its page.
 */
export class Inspection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get images(): ImageInspection {
    return new ImageInspection(this.#session);
  }

  get links(): LinkInspection {
    return new LinkInspection(this.#session);
  }

  get blobs(): BlobInspection {
    return new BlobInspection(this.#session);
  }

  get queues(): QueueInspection {
    return new QueueInspection(this.#session);
  }
}
