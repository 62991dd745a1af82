/** Where what has fallen out of the front is cut off. */
const maxDropped = 10_000;

/** Ring numbers in rising order, with a front that moves on as the ring does. Added at the end, found by halving. */
export class NumberWindow {
  #numbers: number[];
  /** Numbers before this index have fallen out of the ring. */
  #head = 0;

  constructor(numbers: number[] = []) {
    this.#numbers = numbers;
  }

  push(number: number): void {
    this.#numbers.push(number);
  }

  /** One that was not added when its turn was. */
  insert(number: number): void {
    this.#numbers.splice(this.#head + this.countBefore(number), 0, number);
  }

  remove(number: number): void {
    if (this.has(number)) this.#numbers.splice(this.#head + this.countBefore(number), 1);
  }

  has(number: number): boolean {
    return this.#numbers[this.#head + this.countBefore(number)] === number;
  }

  dropBefore(first: number): void {
    this.#head += this.countBefore(first);
    if (this.#head <= maxDropped) return;
    this.#numbers = this.#numbers.slice(this.#head);
    this.#head = 0;
  }

  countBefore(before: number): number {
    let low = this.#head;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] as number) < before) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** Those from `from` on and below `before`, in rising order. */
  between(from: number, before: number): number[] {
    return this.#numbers.slice(this.#head + this.countBefore(from), this.#head + this.countBefore(before));
  }

  /** The one that stands `index` places from the newest below `before`. */
  fromTop(index: number, before: number): number | undefined {
    const count = this.countBefore(before);
    return index >= 0 && index < count ? this.#numbers[this.#head + count - 1 - index] : undefined;
  }
}
