/**
 * Begins so much work in each turn of the event loop and leaves the rest to the turns after it, in order of arrival. Between
 * two turns the server hears of who else has come, so that who is refused, or asks for health, need not wait for all who are
 * not.
 */
export class Pace {
  readonly #perTurn: number;
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #isTurning = false;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  begin(work: () => void): void {
    if (this.#begun >= this.#perTurn || this.#waiting.length > 0) this.#waiting.push(work);
    else this.#start(work);
    this.#turn();
  }

  #start(work: () => void): void {
    this.#begun += 1;
    work();
  }

  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      this.#begun = 0;
      for (const work of this.#waiting.splice(0, this.#perTurn)) this.#start(work);
      if (this.#begun > 0) this.#turn();
    });
  }
}
