export { CatalogueImages } from './catalogue-images.js';
export { CatalogueImport } from './catalogue-import.entity.js';
export { CatalogueStore } from './catalogue-store.js';
export { readFacts } from './facts/attack-facts.js';
export { buildFactsFile } from './facts/build-facts-file.js';
export { TECHNIQUE_CHANGES, type TechniqueChange } from './last-change-kind.js';
export { loadedReleases } from './loaded-releases.js';
export {
  type CatalogueTechnique,
  IMPORT_OUTCOMES,
  type ImportOutcome,
  type ImportPlan,
  isInForce,
  planImport,
} from './plan-import.js';
export { type CatalogueSlice, type ParseStixOptions, type SkippedObjects } from './stix/catalogue-slice.js';
export { StixBundleError, type StixBundleFault } from './stix/stix-bundle.error.js';
export { readStixBundle } from './stix/stix-reader.js';
export { Tactic } from './tactic.entity.js';
export { Technique } from './technique.entity.js';
export { CatalogueModule } from './catalogue.module.js';
