/**
 * First words of CRIU's image files (criu/include/magic.h). Since image format 1.1 (2014) a common word comes first
 * and the type second; inventory.img kept its own word alone, statistics have a word of their own.
 */
export const COMMON_MAGIC = 0x54564319;
export const SERVICE_MAGIC = 0x55105940;

export const IMAGE_MAGIC = {
  inventory: 0x58313116,
  pstree: 0x50273030,
  core: 0x55053847,
  mm: 0x57492820,
  pagemap: 0x56084025,
  ids: 0x54432030,
  timens: 0x43114433,
  vmas: 0x54123737,
  stats: 0x57093306,
} as const;

export type ImageKind = keyof typeof IMAGE_MAGIC;

/** The kind a magic word stands for; undefined for kinds that say nothing about the vDSO, and for nonsense. */
export const kindOfMagic = (word: number): ImageKind | undefined => BY_MAGIC.get(word);

const BY_MAGIC = new Map<number, ImageKind>([
  [IMAGE_MAGIC.inventory, 'inventory'],
  [IMAGE_MAGIC.pstree, 'pstree'],
  [IMAGE_MAGIC.core, 'core'],
  [IMAGE_MAGIC.mm, 'mm'],
  [IMAGE_MAGIC.pagemap, 'pagemap'],
  [IMAGE_MAGIC.ids, 'ids'],
  [IMAGE_MAGIC.timens, 'timens'],
  [IMAGE_MAGIC.vmas, 'vmas'],
  [IMAGE_MAGIC.stats, 'stats'],
]);
