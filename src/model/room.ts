/** The space that is left on the disk, as those see it who write there. */
export interface Room {
  /** Whether nothing new may be stored. What is there can be read and deleted all the same. */
  readonly isShort: boolean;

  /** Looks how much is left. Cheap enough to be called before every commit and between the pieces of an upload. */
  look(): void;

  /** Tells that the system has just refused to write, for want of space. */
  ranOut(): void;

  /**
   * Fulfils when something new may be stored.
   * @throws Fault `StorageFull`
   */
  admit(): Promise<void>;
}

/** For stores that nobody measures. */
export const boundlessRoom: Room = {
  isShort: false,
  look: () => {},
  ranOut: () => {},
  admit: async () => {},
};
