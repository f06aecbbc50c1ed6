namespace Peers;

/// <summary>Where configurations are written; removed at the end.</summary>
internal sealed class WorkDirectory : IDisposable
{
    // nginx's workers are another user when its master is root, and keep the cache's files here.
    private const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _path = Directory.CreateTempSubdirectory("peers-").FullName;
    private int _count;

    public WorkDirectory() => File.SetUnixFileMode(_path, Traversable);

    /// <returns>A new, empty directory in it.</returns>
    public string Create(string name) => Directory.CreateDirectory(Path.Combine(_path, $"{++_count:000}-{name}")).FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
