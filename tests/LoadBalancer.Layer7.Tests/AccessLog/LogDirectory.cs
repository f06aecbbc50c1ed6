namespace LoadBalancer.Layer7.Tests.AccessLog;

/// <summary>A folder for the log files of one test.</summary>
internal sealed class LogDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-log-test-");

    public string Path => _directory.FullName;

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Reads while somebody else may write.</summary>
    public string[] ReadLines(string name)
    {
        if (!File.Exists(PathOf(name)))
        {
            return [];
        }

        using var stream = new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
