import type { Ports } from '../ports.ts';

/**
 * Remembers which images were pulled until the next `flush`, so that a pull costs no write of its own. What was noted since
 * the last one is lost in a crash: ECR, too, promises the time of the last pull only within a day.
 */
export class PullRecorder {
  #pulled = new Set<number>();

  note(imageId: number): void {
    this.#pulled.add(imageId);
  }

  async flush({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<void> {
    if (this.#pulled.size === 0) return;
    const pulled = this.#pulled;
    this.#pulled = new Set();
    try {
      const held = await metadata.write((tx) => tx.images.recordPulls([...pulled], clock.now()));
      this.#pulled = this.#pulled.union(new Set(held));
    } catch (error) {
      this.#pulled = this.#pulled.union(pulled);
      throw error;
    }
  }
}
