import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { invalidField } from '../common/errors/index.js';
import { exportFile, type ExportFile, type ExportFormat } from './export-format.js';
import { toChangesCsv, toChangesJson, toPostureCsv, toPostureJson } from './export-tables.js';
import type { ExportedTechnique } from './exported-posture.js';
import {
  toChangeLayer,
  toPostureLayer,
  type LayerHead,
  type LayerMetadata,
  type NavigatorLayer,
} from './navigator-layer.js';
import { PostureExportReader } from './posture-export-reader.js';

const DAY_MS = 24 * 3_600_000;

/** How many days back the changes reach by default. */
const DEFAULT_CHANGE_DAYS = 30;

/** The names and the description of an exported file. */
export interface ExportTitle {
  /** The file name without the ending that the format adds. */
  fileStem: string;
  name: string;
  description: string;
  metadata: LayerMetadata[];
}

/** Writes posture to files: tables, and layers for ATT&CK Navigator. */
@Injectable()
export class PostureExports {
  constructor(
    private readonly reader: PostureExportReader,
    private readonly clock: Clock,
  ) {}

  /** The posture of every technique in force. */
  async posture(organizationId: string, format: ExportFormat, domain?: string): Promise<ExportFile> {
    const techniques = await this.reader.techniques(organizationId, { domain });
    const today = day(this.clock.now());
    const title = {
      fileStem: ['posture', domain, today].filter(Boolean).join('-'),
      name: `Posture of ${today}`,
      description: `The posture of each technique on ${today}. The score is what the status counts towards coverage: validated 100, partial 50.`,
      metadata: [],
    };
    return this.fileOf(techniques, format, { title, domain });
  }

  /** The posture of those of these techniques that are in force. */
  async ofTechniques(
    organizationId: string,
    techniqueIds: readonly string[],
    format: ExportFormat,
    title: ExportTitle,
  ): Promise<ExportFile> {
    const techniques = await this.reader.techniques(organizationId, { techniqueIds });
    return this.fileOf(techniques, format, { title, isSelection: true });
  }

  /**
   * The changes between two instants; by default in the last 30 days.
   * @throws DomainError naming `from` or `to`.
   */
  async changes(
    organizationId: string,
    format: ExportFormat,
    { from: requestedFrom, to: requestedTo, domain }: { from?: Date; to?: Date; domain?: string },
  ): Promise<ExportFile> {
    const now = this.clock.now();
    const to = requestedTo ?? now;
    const from = requestedFrom ?? new Date(to.getTime() - DEFAULT_CHANGE_DAYS * DAY_MS);
    if (to > now) throw invalidField('to', 'must not lie in the future');
    if (from >= to) throw invalidField('from', 'must lie before to');
    const changes = await this.reader.changes(organizationId, { from, to, domain });
    const stem = ['posture-changes', domain, day(from), day(to)].filter(Boolean).join('-');
    if (format === 'csv') return exportFile(stem, format, toChangesCsv(changes));
    if (format === 'json') {
      const range = { from, to, knownSince: await this.reader.knownSince(organizationId) };
      return exportFile(stem, format, toChangesJson(range, changes));
    }
    const layers = await this.layers(domain, (head) =>
      toChangeLayer(
        {
          ...head,
          name: `Changes from ${day(from)} to ${day(to)}`,
          description: `What changed between ${from.toISOString()} and ${to.toISOString()}. The score is the gain or loss of coverage of the technique in per cent.`,
        },
        changes.filter((change) => change.domain === head.domain),
      ),
    );
    return layerFile(stem, layers);
  }

  private async fileOf(
    techniques: readonly ExportedTechnique[],
    format: ExportFormat,
    { title, domain, isSelection = false }: { title: ExportTitle; domain?: string; isSelection?: boolean },
  ): Promise<ExportFile> {
    const { fileStem, name, description, metadata } = title;
    if (format === 'csv') return exportFile(fileStem, format, toPostureCsv(techniques));
    if (format === 'json') return exportFile(fileStem, format, toPostureJson(techniques));
    const layers = await this.layers(domain, (head) =>
      toPostureLayer(
        { ...head, name, description, metadata: [...metadata, ...head.metadata] },
        techniques.filter((technique) => technique.domain === head.domain),
        isSelection,
      ),
    );
    return layerFile(fileStem, isSelection ? withoutEmpty(layers) : layers);
  }

  /** One layer for each domain of the catalogue, or only for the requested domain. */
  private async layers(
    requested: string | undefined,
    make: (head: LayerHead) => NavigatorLayer,
  ): Promise<NavigatorLayer[]> {
    const domains = (await this.reader.domains()).filter(
      ({ domain }) => requested === undefined || domain === requested,
    );
    if (requested !== undefined && domains.length === 0) {
      throw invalidField('domain', `must be a domain of the catalogue, which has no release of ${requested}`);
    }
    const metadata = [{ name: 'exported at', value: this.clock.now().toISOString() }];
    return domains.map((facts) => make({ ...facts, name: '', description: '', metadata }));
  }
}

/** Navigator opens a layer or a list of layers. Most other programs expect one layer. */
function layerFile(stem: string, layers: readonly NavigatorLayer[]): ExportFile {
  const document = layers.length === 1 ? layers[0] : layers;
  return exportFile(stem, 'navigator', `${JSON.stringify(document, null, 2)}\n`);
}

function withoutEmpty(layers: NavigatorLayer[]): NavigatorLayer[] {
  const filled = layers.filter(({ techniques }) => techniques.length > 0);
  return filled.length > 0 ? filled : layers.slice(0, 1);
}

function day(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
