/** One sample of a scrape. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A parsed scrape in the text format of Prometheus. */
export class Exposition {
  readonly samples: Sample[];
  /** The names of all described metrics, with or without samples. */
  readonly names: string[];

  constructor(readonly text: string) {
    this.names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, name, labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
        return {
          name: name!,
          labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key!, text!])),
          value: Number(value),
        };
      });
  }

  /** The value of the sample with exactly these labels; undefined if there is none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const key = (of: Record<string, string>): string => JSON.stringify(Object.entries(of).sort());
    return this.samples.find((sample) => sample.name === name && key(sample.labels) === key(labels))?.value;
  }
}
