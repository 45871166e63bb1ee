/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target over files and the files of folders: replay PATH... Prints how many. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int ran;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	struct stat st;
	size_t n;

	if (!f || fstat(fileno(f), &st)) {
		perror(path);
		return 1;
	}
	data = malloc((size_t)st.st_size + !st.st_size); /* exact: a read beyond is seen */
	if (!data)
		abort();
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	ran++;
	return 0;
}

static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];
	int failed = 0;

	if (!dir)
		return replay_file(path);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		failed |= replay_file(name);
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%u inputs\n", ran);
	return failed || !ran; /* a corpus that was not found is no success */
}
