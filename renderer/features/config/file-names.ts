/** Objects that were applied through the API and belong to no file of the mesh. */
export const liveFile = 'applied live';
/** A text of one's own that is not running yet. */
export const newFile = 'new document';
