/** A line of a scrape. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A scrape in the text format of Prometheus, to be asked for single numbers. */
export class Exposition {
  readonly samples: Sample[];
  /** Every metric that is described, whether it has a sample or not. */
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

  /** The sample with exactly these labels; undefined when there is none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const key = (of: Record<string, string>): string => JSON.stringify(Object.entries(of).sort());
    return this.samples.find((sample) => sample.name === name && key(sample.labels) === key(labels))?.value;
  }
}
