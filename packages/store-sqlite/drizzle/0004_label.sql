-- What the file says about itself: to which list of shards it belongs.
CREATE TABLE `label` (
	`id` integer PRIMARY KEY NOT NULL,
	`label` text NOT NULL,
	CONSTRAINT "label_one_row" CHECK(id = 1)
) STRICT;
