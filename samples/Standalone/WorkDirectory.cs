namespace Standalone;

/// <summary>Where configuration and logs are written: the user's directory, which is kept, or a fresh one, which is not.</summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly bool _fresh;

    private WorkDirectory(string path, bool fresh) => (Path, _fresh) = (path, fresh);

    public string Path { get; }

    /// <exception cref="StartException">The directory cannot be made.</exception>
    public static WorkDirectory Open(string? path)
    {
        try
        {
            return path is null
                ? new(Directory.CreateTempSubdirectory("loadbalancer-").FullName, fresh: true)
                : new(Directory.CreateDirectory(path).FullName, fresh: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unusable(path, e);
        }
    }

    /// <exception cref="StartException">The file cannot be written.</exception>
    public string Write(string name, string text)
    {
        try
        {
            var path = File(name);
            System.IO.File.WriteAllText(path, text);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(Path, e);
        }
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (_fresh)
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private static StartException Unusable(string? path, Exception why) =>
        new($"--work is '{path}'; it must be a directory that can be written: {why.Message}");
}
