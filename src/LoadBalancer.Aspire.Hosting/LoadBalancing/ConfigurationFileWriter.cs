namespace Aspire.Hosting.LoadBalancing;

/// <summary>Writes one file, whole or not at all, and only when its text changes. Not thread-safe.</summary>
internal sealed class ConfigurationFileWriter(string path)
{
    private const int Attempts = 10;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private string? _written;

    public string Path { get; } = path;

    /// <returns>Whether the text is new.</returns>
    /// <exception cref="IOException">The file cannot be written; the next call tries again.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public async Task<bool> WriteAsync(string text, CancellationToken cancellationToken)
    {
        if (text == _written)
        {
            return false;
        }

        // Renamed over, so that the reader never sees a part of it.
        var aside = $"{Path}.new";
        await File.WriteAllTextAsync(aside, text, cancellationToken);
        await ReplaceAsync(aside, cancellationToken);
        _written = text;
        return true;
    }

    private async Task ReplaceAsync(string aside, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                File.Move(aside, Path, overwrite: true);
                return;
            }
            // Windows refuses while the reader has the old file open, which it has for a moment.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && attempt < Attempts)
            {
                await Task.Delay(RetryDelay, cancellationToken);
            }
        }
    }
}
