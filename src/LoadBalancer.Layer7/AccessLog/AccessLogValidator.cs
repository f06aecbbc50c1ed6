using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>Checks of the access log's file: whether it can be written.</summary>
public static class AccessLogValidator
{
    private const string Key = "LoadBalancer:Layer7:AccessLog:File";

    /// <summary>Makes the path absolute, which is relative to the configuration file.</summary>
    /// <param name="options">The options, which are changed.</param>
    /// <param name="directory">The configuration file's directory.</param>
    public static void ResolvePaths(LoadBalancerOptions options, string directory)
    {
        ArgumentNullException.ThrowIfNull(options);
        // What is no path at all stays, for the check to name.
        if (options.Layer7.AccessLog is { File: { } file } log && !string.IsNullOrWhiteSpace(file) && !file.Contains('\0'))
        {
            log.File = Path.GetFullPath(file, directory);
        }
    }

    /// <summary>Finds out whether the file can be written, and changes nothing in it.</summary>
    /// <param name="options">The options.</param>
    /// <returns>An error when it cannot.</returns>
    public static IEnumerable<ConfigurationError> Validate(LoadBalancerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // One that is empty is the reader's to name.
        return options.Layer7.AccessLog?.File is { } file && !string.IsNullOrWhiteSpace(file) && Fault(file) is { } fault ? [new(Key, $"'{file}' {fault}")] : [];
    }

    private static string? Fault(string path)
    {
        if (path.Contains('\0'))
        {
            return "is not a path";
        }

        if (Directory.Exists(path))
        {
            return "is a folder; must be a file";
        }

        if (!Directory.Exists(Path.GetDirectoryName(path)))
        {
            return "cannot be written: its folder does not exist";
        }

        try
        {
            if (File.Exists(path))
            {
                // For reading too: a pipe that nobody reads would let us wait otherwise.
                using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
                return file.CanSeek ? null : "is a pipe or a device; must be a file";
            }

            // Under another name: a check must not leave a file behind, nor take away one that somebody else just made.
            using var trial = new FileStream($"{path}.{Guid.NewGuid():N}", FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return $"cannot be written: {exception.Message}";
        }
    }
}
